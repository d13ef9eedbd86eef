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

    /// <summary>Eight outputs of all rows of a part, which share what is unpacked of the weights.</summary>
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
            AddBlock(columns, factors, input.Block(block, part.FirstRow), part.Rows, sums);
        }
        for (int row = 0; row < part.Rows; row++) part.Store(row, output, Lanes.SumOfEight(sums + row * SumFloats, Lanes.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddBlock(int* columns, float* factors, InputBlock* x, int rows, float* sums)
    {
        for (nint group = 0; group < Unpacking.Groups; group++, factors += Lanes.Count, sums += Lanes.Count)
        {
            Prefetch.Stream((byte*)columns + group * PartBytes, PartBytes);
            Vector256<byte> w0 = TFormat.ColumnIntegers(columns, group, 0), w1 = TFormat.ColumnIntegers(columns, group, 1);
            Vector256<byte> w2 = TFormat.ColumnIntegers(columns, group, 2), w3 = TFormat.ColumnIntegers(columns, group, 3);
            Vector256<byte> w4 = TFormat.ColumnIntegers(columns, group, 4), w5 = TFormat.ColumnIntegers(columns, group, 5);
            Vector256<byte> w6 = TFormat.ColumnIntegers(columns, group, 6), w7 = TFormat.ColumnIntegers(columns, group, 7);
            InputBlock* input = x;
            float* rowSums = sums;
            for (int row = 0; row < rows; row++, input++, rowSums += SumFloats)
            {
                int* inputs = (int*)(input->Values + group * Unpacking.GroupLength);
                Vector256<int> low = FourSteps(w0, w1, w2, w3, inputs), high = FourSteps(w4, w5, w6, w7, inputs + 4);
                Vector256<float> sum = Vector256.Load(rowSums);
                if (TFormat.HasHalfScales)
                {
                    sum = AddScaled(low, factors, input->Scales[group], input->SumsLow[group], sum);
                    sum = AddScaled(high, factors + 2 * Interleaved.FactorFloats, input->Scales[group], input->SumsHigh[group], sum);
                }
                else
                {
                    sum = AddScaled(low + high, factors, input->Scales[group], input->Sums[group], sum);
                }
                sum.Store(rowSums);
            }
        }
    }

    /// <summary>Sums of the products of four steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> FourSteps(Vector256<byte> w0, Vector256<byte> w1, Vector256<byte> w2, Vector256<byte> w3, int* inputs)
    {
        // Where a path adds up in 32 bits at once, there is nothing to gain from sums of 16.
        if (TOutputs.LargestSum > short.MaxValue)
            return AddStep(AddStep(AddStep(AddStep(default, w0, inputs), w1, inputs + 1), w2, inputs + 2), w3, inputs + 3);
        Vector256<short> p0 = Pairs(w0, inputs), p1 = Pairs(w1, inputs + 1), p2 = Pairs(w2, inputs + 2), p3 = Pairs(w3, inputs + 3);
        const int Sum = short.MaxValue / (2 * InputBlock.Largest);
        return TFormat.Largest <= Sum / 4 ? ByteVectors.AddPairs(p0 + p1 + (p2 + p3))
            : TFormat.Largest <= Sum / 2 ? ByteVectors.AddPairs(p0 + p1) + ByteVectors.AddPairs(p2 + p3)
            : ByteVectors.AddPairs(p0) + ByteVectors.AddPairs(p1) + (ByteVectors.AddPairs(p2) + ByteVectors.AddPairs(p3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> AddStep(Vector256<int> sums, Vector256<byte> weights, int* input) =>
        TOutputs.AddRowProducts(sums, weights, Vector256.Create(*input).AsSByte(), isSigned: false);

    /// <summary>Sums of two; the integers of repacked weights are not signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<short> Pairs(Vector256<byte> weights, int* input) =>
        ByteVectors.MultiplyPairs(weights, Vector256.Create(*input).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> AddScaled(Vector256<int> products, float* factors, float scale, float inputSum, Vector256<float> sum)
    {
        sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(products), Vector256.Load(factors) * scale, sum);
        return TFormat.HasOffsets ? Lanes.MultiplyAdd(Vector256.Load(factors + Interleaved.FactorFloats), Vector256.Create(inputSum), sum) : sum;
    }
}
