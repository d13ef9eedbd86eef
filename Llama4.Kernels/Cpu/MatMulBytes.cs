using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Blocks of integers times inputs as bytes. The products of a group of 32 (or of its halves, if these have scales of their own) are added
/// up in integers, without rounding, so their order is free; the group's sum times both scales then goes to the float sum of groups
/// 0, 8, 16, …, or 1, 9, 17, …, and the eight sums are added in the order of <see cref="Lanes.Sum"/>.
/// </summary>
/// <remarks>
/// Few rows: a weight row is walked once, the eight sums of each row of x are the lanes of a vector; of repacked rows, eight at a time, the lanes are outputs
/// (<see cref="ByteColumns{TFormat, TBlock, TOutputs}"/>). Many rows: <see cref="ByteTiles{TFormat, TBlock, TOutputs}"/>, whose lanes are outputs as well.
/// </remarks>
sealed unsafe class MatMulBytes<TFormat, TBlock, TOutputs> : MatMulKernel
    where TFormat : struct, IQuantisedFormat<TBlock>
    where TBlock : unmanaged
    where TOutputs : struct, IOutputs<TOutputs>
{
    // From this many rows on interleaving pays: a few rows meet weights that are still in the nearest cache.
    const int FewestTileRows = 4;

    static bool IsMoved
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ByteTiles<TFormat, TBlock, TOutputs>.IsMoved;
    }

    public override bool ReadsBlocks => true;

    public override int ItemOutputs(in MatMulPart part, long fair) =>
        OutputsOf(part, fair, part.Rows < FewestTileRows ? Lanes.Count : ByteTiles<TFormat, TBlock, TOutputs>.Outputs);

    public override long ScratchBytes(in MatMulPart part, MatMulInput input) =>
        part.Rows < FewestTileRows ? ByteColumns<TFormat, TBlock, TOutputs>.ScratchBytes(part.Rows) : ByteTiles<TFormat, TBlock, TOutputs>.ScratchBytes;

    public override void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        if (part.Rows >= FewestTileRows) ByteTiles<TFormat, TBlock, TOutputs>.Run(part, input, from, to, scratch);
        else if (part.Repacked)
            for (; from < to; from += Lanes.Count) ByteColumns<TFormat, TBlock, TOutputs>.Run(part, input, from, scratch);
        else
            for (; from < to; from++)
                if (part.Rows == 1) part.Store(0, from, Dot(part.Weights + from * part.RowBytes, input, part.FirstRow));
                else RunRows(part, input, from, (Vector256<float>*)scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot(byte* weights, MatMulInput input, int row)
    {
        Vector256<float> sum = default;
        InputBlock* x = input.Block(0, row);
        int columns = input.Columns, stride = input.Rows;
        var block = (TBlock*)weights;
        for (; columns >= Unpacking.Length; columns -= Unpacking.Length, x += stride, block += Unpacking.Length / TFormat.Length)
        {
            Prefetch.Stream((byte*)block, Unpacking.Length / TFormat.Length * sizeof(TBlock));
            sum = AddWhole(block, x, sum);
        }
        return Lanes.Sum(columns > 0 ? AddPart(block, columns / Unpacking.GroupLength, x, sum) : sum);
    }

    /// <summary>A weight row meets the rows of x block by block: the later ones find in the cache what the first one waited for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunRows(in MatMulPart part, MatMulInput input, int output, Vector256<float>* sums)
    {
        int columns = input.Columns, stride = input.Rows, rows = part.Rows;
        InputBlock* x = input.Block(0, part.FirstRow);
        var block = (TBlock*)(part.Weights + output * part.RowBytes);
        for (int row = 0; row < rows; row++) sums[row] = default;
        for (; columns >= Unpacking.Length; columns -= Unpacking.Length, x += stride, block += Unpacking.Length / TFormat.Length)
        {
            Prefetch.Stream((byte*)block, Unpacking.Length / TFormat.Length * sizeof(TBlock));
            for (int row = 0; row < rows; row++) sums[row] = AddWhole(block, x + row, sums[row]);
        }
        for (int row = 0; row < rows; row++)
            part.Store(row, output, Lanes.Sum(columns > 0 ? AddPart(block, columns / Unpacking.GroupLength, x + row, sums[row]) : sums[row]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> AddWhole(TBlock* block, InputBlock* x, Vector256<float> sum)
    {
        (Vector256<int> low, Vector256<int> high) = ByteVectors.HalfSums(
            4 * InputBlock.Largest * (IsMoved ? TFormat.Largest + InputBlock.Move : TFormat.Largest),
            Products(block, x, 0), Products(block, x, 1), Products(block, x, 2), Products(block, x, 3),
            Products(block, x, 4), Products(block, x, 5), Products(block, x, 6), Products(block, x, 7));
        return AddBlock(low, high, TFormat.Factors(block, Unpacking.Groups), x, sum);
    }

    /// <summary>The last groups of a row whose length is not a multiple of 256.</summary>
    static Vector256<float> AddPart(TBlock* block, int groups, InputBlock* x, Vector256<float> sum)
    {
        Vector256<int> low = default, high = default;
        for (int g = 0; g < groups; g++)
        {
            Vector256<int> products = Products(block, x, g);
            low = low.WithElement(g, Vector128.Sum(products.GetLower()));
            high = high.WithElement(g, Vector128.Sum(products.GetUpper()));
        }
        return AddBlock(low, high, TFormat.Factors(block, groups), x, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> AddBlock(Vector256<int> low, Vector256<int> high, in GroupFactors factors, InputBlock* x, Vector256<float> sum)
    {
        Vector256<float> scales = Vector256.Load(x->Scales);
        if (!TFormat.HasHalfScales)
        {
            Vector256<int> integers = IsMoved ? low + high + Vector256.Load(x->MovedSums) : low + high;
            sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(integers), factors.Scales * scales, sum);
            return TFormat.HasOffsets ? Lanes.MultiplyAdd(factors.Offsets, Vector256.Load(x->Sums), sum) : sum;
        }
        sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(low), factors.Scales * scales, sum);
        sum = Lanes.MultiplyAdd(factors.Offsets, Vector256.Load(x->SumsLow), sum);
        sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(high), factors.ScalesHigh * scales, sum);
        return Lanes.MultiplyAdd(factors.OffsetsHigh, Vector256.Load(x->SumsHigh), sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Products(TBlock* block, InputBlock* x, int group)
    {
        Vector256<byte> weights = TFormat.Integers(block, group);
        if (IsMoved) weights ^= Vector256.Create((byte)InputBlock.Move);
        return TOutputs.AddRowProducts(default, weights, Vector256.Load(x->Values + group * Unpacking.GroupLength), TFormat.IsSigned && !IsMoved);
    }
}
