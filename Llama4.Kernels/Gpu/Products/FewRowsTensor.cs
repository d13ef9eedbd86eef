using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// y = x Wᵀ for some blocks of 8 rows of x by tensor cores, both as bytes: a group for 16 outputs, its warps by turns over steps along the columns, W read once.
/// The sums of a group of 32 are integers; they are scaled and added up in float32, warp by warp, then over the warps in their order.
/// </summary>
readonly struct FewRowsTensor<TFragments, TRaw, TBlocks>(FragmentRows x, ProductArguments a) : IKernel
    where TFragments : struct, IFragments<TRaw>
    where TRaw : unmanaged
    where TBlocks : struct, IRowCount
{
    public const int Outputs = 16, Warps = 4;

    public void Run()
    {
        int tiles = a.Groups(Outputs), firstBlock = Words.Kept(Grid.IdxX / tiles * TBlocks.Count), tile = Grid.IdxX % tiles;
        ProductPart part = a.Part(ref tile, Outputs);
        int lane = Warp.LaneIdx, warp = Group.IdxX / Lanes.Count, steps = a.Columns / (64 * TFragments.Pairs), output = Words.Kept(tile * Outputs);
        // A lane has weights of two outputs and results for two rows of x; outputs behind the last are the last again.
        long upper = Row(part, output + (lane >> 2)), lower = Row(part, output + (lane >> 2) + 8);
        AccumulatorRow sums = default;
        if (warp < steps)
        {
            TRaw nextUpper = TFragments.Load(upper, warp, lane & 3), nextLower = TFragments.Load(lower, warp, lane & 3);
            for (int step = warp; step < steps; step += Warps)
            {
                TRaw rawUpper = nextUpper, rawLower = nextLower;
                int next = IntrinsicMath.Min(step + Warps, steps - 1);
                nextUpper = TFragments.Load(upper, next, lane & 3);
                nextLower = TFragments.Load(lower, next, lane & 3);
                Add(ref sums, rawUpper, rawLower, upper, lower, firstBlock, step, 0);
                if (TFragments.Pairs == 1) continue;
                Add(ref sums, rawUpper, rawLower, upper, lower, firstBlock, step, 1);
                Add(ref sums, rawUpper, rawLower, upper, lower, firstBlock, step, 2);
                Add(ref sums, rawUpper, rawLower, upper, lower, firstBlock, step, 3);
            }
        }
        Store(part, output, firstBlock, sums.A);
        if (TBlocks.Count > 1) Store(part, output, firstBlock + 1, sums.B);
        if (TBlocks.Count > 2) Store(part, output, firstBlock + 2, sums.C);
        if (TBlocks.Count > 2) Store(part, output, firstBlock + 3, sums.D);
    }

    /// <summary>64 columns.</summary>
    void Add(ref AccumulatorRow sums, in TRaw rawUpper, in TRaw rawLower, long upper, long lower, int firstBlock, int step, int pair)
    {
        WeightFragment up = TFragments.Unpack(rawUpper, upper, step, pair), low = TFragments.Unpack(rawLower, lower, step, pair);
        int group = 2 * (step * TFragments.Pairs + pair);
        sums.A = Add(sums.A, up, low, firstBlock, group);
        if (TBlocks.Count > 1) sums.B = Add(sums.B, up, low, firstBlock + 1, group);
        if (TBlocks.Count > 2) sums.C = Add(sums.C, up, low, firstBlock + 2, group);
        if (TBlocks.Count > 2) sums.D = Add(sums.D, up, low, firstBlock + 3, group);
    }

    Float4 Add(Float4 sums, in WeightFragment up, in WeightFragment low, int rowBlock, int group)
    {
        // Behind the last block the last one's, for nothing.
        int block = IntrinsicMath.Min(rowBlock, (a.Rows - 1) / FragmentRows.RowsTogether);
        sums = Add(sums, up.First, low.First, block, group, up.FirstScale, low.FirstScale, up.FirstOffset, low.FirstOffset);
        return Add(sums, up.Second, low.Second, block, group + 1, up.SecondScale, low.SecondScale, up.SecondOffset, low.SecondOffset);
    }

    static long Row(in ProductPart part, int output) => Words.Kept(part.Weights + IntrinsicMath.Min(output, part.Outputs - 1) * part.OutputBytes);

    /// <summary>One group of 32 columns.</summary>
    Float4 Add(Float4 sums, UInt2 upper, UInt2 lower, int rowBlock, int group, float upperScale, float lowerScale, float upperOffset, float lowerOffset)
    {
        UInt4 weights = default;
        weights.X = upper.X;
        weights.Y = lower.X;
        weights.Z = upper.Y;
        weights.W = lower.Y;
        Int4 products = TensorCore.MultiplyBytes(default, weights, x.Fragment(rowBlock, group, Warp.LaneIdx));
        Float4 factors = x.Factors(rowBlock, group, Warp.LaneIdx & 3);
        sums.X = Arithmetic.MultiplyAdd(products.X, upperScale * factors.X, sums.X);
        sums.Y = Arithmetic.MultiplyAdd(products.Y, upperScale * factors.Y, sums.Y);
        sums.Z = Arithmetic.MultiplyAdd(products.Z, lowerScale * factors.X, sums.Z);
        sums.W = Arithmetic.MultiplyAdd(products.W, lowerScale * factors.Y, sums.W);
        if (!TFragments.HasOffsets) return sums;
        sums.X = Arithmetic.MultiplyAdd(upperOffset, factors.Z, sums.X);
        sums.Y = Arithmetic.MultiplyAdd(upperOffset, factors.W, sums.Y);
        sums.Z = Arithmetic.MultiplyAdd(lowerOffset, factors.Z, sums.Z);
        sums.W = Arithmetic.MultiplyAdd(lowerOffset, factors.W, sums.W);
        return sums;
    }

    /// <summary>Adds up the warps, 16×8 results each, a result for each thread.</summary>
    void Store(in ProductPart part, int firstOutput, int rowBlock, Float4 sums)
    {
        ArrayView<float> results = SharedMemory.Allocate<float>(Warps * Outputs * FragmentRows.RowsTogether);
        int lane = Warp.LaneIdx, warp = Group.IdxX / Lanes.Count, size = Outputs * FragmentRows.RowsTogether;
        int at = warp * size + (lane >> 2) * FragmentRows.RowsTogether + (lane & 3) * 2;
        results[at] = sums.X;
        results[at + 1] = sums.Y;
        results[at + 8 * FragmentRows.RowsTogether] = sums.Z;
        results[at + 8 * FragmentRows.RowsTogether + 1] = sums.W;
        Group.Barrier();
        int output = firstOutput + Group.IdxX / FragmentRows.RowsTogether, row = rowBlock * FragmentRows.RowsTogether + Group.IdxX % FragmentRows.RowsTogether;
        if (output >= part.Outputs || row >= a.Rows) return;
        float sum = 0;
        for (int i = 0; i < Warps; i++) sum += results[i * size + Group.IdxX];
        part.Store(row, output, sum);
    }
}
