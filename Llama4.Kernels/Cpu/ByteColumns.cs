using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// The way of <see cref="MatMulBytes{TFormat, TBlock, TOutputs}"/> for few rows and repacked weights, eight outputs at a time: lanes are outputs, so that
/// nothing has to be added up across a register.
/// </summary>
static unsafe class ByteColumns<TFormat, TBlock, TOutputs>
    where TFormat : struct, IQuantisedFormat<TBlock>
    where TBlock : unmanaged
    where TOutputs : struct, IOutputs<TOutputs>
{
    const int FactorFloats = 4 * Interleaved.FactorFloats;
    const int SumFloats = Unpacking.Groups * Lanes.Count;

    /// <summary>For <paramref name="rows"/> rows.</summary>
    public static int ScratchBytes(int rows) => (FactorFloats + rows * SumFloats) * sizeof(float);

    /// <summary>What is asked for ahead of time beside a group.</summary>
    static int PartBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Interleaved.UnitBytes<TFormat, TBlock>() / Unpacking.Groups;
    }

    /// <summary>Eight outputs of all rows of a part, which share the factors of the weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in MatMulPart part, MatMulInput input, int output, byte* scratch)
    {
        float* factors = (float*)scratch, sums = factors + FactorFloats;
        new Span<float>(sums, part.Rows * SumFloats).Clear();
        byte* weights = part.Weights + output * part.RowBytes;
        for (int block = 0; block < input.Blocks; block++, weights += Interleaved.UnitBytes<TFormat, TBlock>())
        {
            var columns = (int*)weights;
            TFormat.ColumnFactors(columns, factors);
            InputBlock* x = input.Block(block, part.FirstRow);
            for (int row = 0; row < part.Rows; row++) AddBlock(columns, factors, x + row, sums + row * SumFloats);
        }
        for (int row = 0; row < part.Rows; row++) part.Store(row, output, Lanes.SumOfEight(sums + row * SumFloats, Lanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddBlock(int* columns, float* factors, InputBlock* x, float* sums)
    {
        for (nint group = 0; group < Unpacking.Groups; group++, factors += Lanes.Count, sums += Lanes.Count)
        {
            Prefetch.Stream((byte*)columns + group * PartBytes, PartBytes);
            int* inputs = (int*)(x->Values + group * Unpacking.GroupLength);
            Vector256<int> low = FourSteps(columns, group, 0, inputs), high = FourSteps(columns, group, 4, inputs);
            Vector256<float> sum = Vector256.Load(sums);
            if (TFormat.HasHalfScales)
            {
                sum = AddScaled(low, factors, x->Scales[group], x->SumsLow[group], sum);
                sum = AddScaled(high, factors + 2 * Interleaved.FactorFloats, x->Scales[group], x->SumsHigh[group], sum);
            }
            else
            {
                sum = AddScaled(low + high, factors, x->Scales[group], x->Sums[group], sum);
            }
            sum.Store(sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> FourSteps(int* columns, nint group, int step, int* inputs)
    {
        // Where a path adds up in 32 bits at once, there is nothing to gain from sums of 16.
        if (TOutputs.LargestSum > short.MaxValue)
            return Step(columns, group, step, inputs) + Step(columns, group, step + 1, inputs)
                + (Step(columns, group, step + 2, inputs) + Step(columns, group, step + 3, inputs));
        Vector256<short> p0 = Pairs(columns, group, step, inputs), p1 = Pairs(columns, group, step + 1, inputs);
        Vector256<short> p2 = Pairs(columns, group, step + 2, inputs), p3 = Pairs(columns, group, step + 3, inputs);
        const int Sum = short.MaxValue / (2 * InputBlock.Largest);
        return TFormat.Largest <= Sum / 4 ? ByteVectors.AddPairs(p0 + p1 + (p2 + p3))
            : TFormat.Largest <= Sum / 2 ? ByteVectors.AddPairs(p0 + p1) + ByteVectors.AddPairs(p2 + p3)
            : ByteVectors.AddPairs(p0) + ByteVectors.AddPairs(p1) + (ByteVectors.AddPairs(p2) + ByteVectors.AddPairs(p3));
    }

    /// <summary>Sums of four products, one step of a group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Step(int* columns, nint group, int step, int* inputs) =>
        TOutputs.Products(TFormat.ColumnIntegers(columns, group, step), Vector256.Create(inputs[step]).AsSByte(), TFormat.IsSigned);

    /// <summary>Sums of two; the integers of repacked weights are not signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<short> Pairs(int* columns, nint group, int step, int* inputs) =>
        ByteVectors.MultiplyPairs(TFormat.ColumnIntegers(columns, group, step), Vector256.Create(inputs[step]).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> AddScaled(Vector256<int> products, float* factors, float scale, float inputSum, Vector256<float> sum)
    {
        sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(products), Vector256.Load(factors) * scale, sum);
        return TFormat.HasOffsets ? Lanes.MultiplyAdd(Vector256.Load(factors + Interleaved.FactorFloats), Vector256.Create(inputSum), sum) : sum;
    }
}
