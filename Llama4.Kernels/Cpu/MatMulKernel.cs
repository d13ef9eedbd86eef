using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// How matrices of one encoding are multiplied. A kernel computes every output number by the same operations in the same order,
/// however many rows are in the call: its ways for one and for many rows differ only in what they do side by side.
/// </summary>
abstract unsafe class MatMulKernel
{
    // Bytes of weights in an item: at most what hides that its first rows are not asked for ahead, at least what takes longer than to ask for an item.
    const int MostItemBytes = 2 * 1024 * 1024;
    const int LeastItemBytes = 4 * 1024;

    /// <summary>Whether the kernel reads the blocks of the input; else its panels of floats.</summary>
    public virtual bool ReadsBlocks => false;

    /// <summary>Outputs that one item computes.</summary>
    /// <param name="fair">Outputs that are a small share of a thread's work: more would make the end uneven.</param>
    public abstract int ItemOutputs(in MatMulPart part, long fair);

    /// <summary>Working memory of a worker.</summary>
    public abstract long ScratchBytes(in MatMulPart part, MatMulInput input);

    /// <summary>Computes outputs [from, to) of all rows of the part.</summary>
    public abstract void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch);

    /// <exception cref="ArgumentException">An encoding that is no number format of weights, or input-major blocks.</exception>
    public static MatMulKernel Of(Weight weight, ActivationPrecision activations, CpuPath path)
    {
        if (weight.Repacked && activations != ActivationPrecision.Int8)
            throw new ArgumentException("weights are repacked for inputs as bytes, this device multiplies floats: load them for this device", nameof(weight));
        MatMulKernel?[] kernels = weight.InputMajor ? path.InputMajorKernels : path.Kernels(activations);
        if ((int)weight.Encoding < kernels.Length && kernels[(int)weight.Encoding] is MatMulKernel kernel) return kernel;
        throw new ArgumentException(weight.InputMajor
            ? $"weights are input-major {weight.Encoding}: expected F32, F16, BF16 or F8E4M3"
            : $"weights are {weight.Encoding}, which is not a number format of weights", nameof(weight));
    }

    /// <summary>The kernels whose inputs are bytes where weights are quantised, by encoding.</summary>
    public static MatMulKernel?[] OfBytes<TOutputs, TTile>()
        where TOutputs : struct, IOutputs<TOutputs>
        where TTile : struct, IFloatTile => Create(default(ByteInputs<TOutputs, TTile>));

    /// <summary>Those whose inputs are floats.</summary>
    public static MatMulKernel?[] OfFloats<TTile>()
        where TTile : struct, IFloatTile => Create(default(FloatInputs<TTile>));

    /// <summary>Those of input-major weights.</summary>
    public static MatMulKernel?[] OfInputMajor<TPair>()
        where TPair : struct, IFloatPair<TPair> => Create(default(InputMajor<TPair>));

    /// <summary><paramref name="fair"/> outputs, but no more than 2 MiB of weights and no less than 4 KiB; a multiple of <paramref name="tile"/>.</summary>
    private protected static int OutputsOf(in MatMulPart part, long fair, int tile)
    {
        long tileBytes = Math.Max(1, part.OutputBytes * tile);
        long tiles = Math.Min(fair / tile, MostItemBytes / tileBytes), least = (LeastItemBytes + tileBytes - 1) / tileBytes;
        return (int)Math.Max(tiles, least) * tile;
    }

    static MatMulKernel?[] Create<TFactory>(TFactory factory)
        where TFactory : struct, IFormatAction<MatMulKernel?>
    {
        var kernels = new MatMulKernel?[(int)Encoding.MXFP4 + 1];
        for (int i = 0; i < kernels.Length; i++) kernels[i] = FormatSwitch.Call<TFactory, MatMulKernel?>((Encoding)i, factory);
        return kernels;
    }

    readonly struct FloatInputs<TTile> : IFormatAction<MatMulKernel?>
        where TTile : struct, IFloatTile
    {
        public MatMulKernel Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => new MatMulFloats<FloatRows<TFormat, TBlock>, TTile>();

        public MatMulKernel Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => new MatMulFloats<QuantisedRows<TFormat, TBlock>, TTile>();
    }

    readonly struct ByteInputs<TOutputs, TTile> : IFormatAction<MatMulKernel?>
        where TOutputs : struct, IOutputs<TOutputs>
        where TTile : struct, IFloatTile
    {
        public MatMulKernel Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => new MatMulFloats<FloatRows<TFormat, TBlock>, TTile>();

        public MatMulKernel Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => new MatMulBytes<TFormat, TBlock, TOutputs>();
    }

    readonly struct InputMajor<TPair> : IFormatAction<MatMulKernel?>
        where TPair : struct, IFloatPair<TPair>
    {
        public MatMulKernel Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => new MatMulInputMajor<TFormat, TBlock, TPair>();

        public MatMulKernel? Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => null;
    }
}
