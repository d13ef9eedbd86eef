using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// y = the mean of all spans' values: a group for each head of each row. Each warp adds up every so many spans, a lane four neighbouring numbers;
/// then the first warp adds up the warps, and makes y as bytes beside if wanted.
/// </summary>
readonly struct CombineSpansKernel(KvPlace cache, SpanResults results, long firstRow, int heads, long y, ByteRows bytes) : IKernel
{
    public void Run()
    {
        ArrayView<Float4> sums = SharedMemory.Allocate<Float4>(Lanes.Count * Lanes.Count);
        ArrayView<float> totals = SharedMemory.Allocate<float>(Lanes.Count);
        long row = Grid.IdxX / heads;
        int head = Grid.IdxX % heads, lane = Warp.LaneIdx, warp = Group.IdxX / Lanes.Count, warps = Group.DimX / Lanes.Count;
        int seen = cache.Slot(firstRow + row) + 1, length = Spans.Length(seen), spans = (seen + length - 1) / length;

        float largest = float.NegativeInfinity;
        for (int span = lane; span < spans; span += Lanes.Count)
        {
            float other = Memory.Float(results.Weights(row, head, span));
            if (other > largest) largest = other;
        }
        largest = Lanes.Max(largest);
        Float4 sum = default;
        float total = 0;
        for (int span = warp; span < spans; span += warps)
        {
            long weights = results.Weights(row, head, span);
            float factor = Arithmetic.Exp2(Memory.Float(weights) - largest);
            total = Arithmetic.MultiplyAdd(factor, Memory.Float(weights + 4), total);
            if (lane * 4 < cache.HeadDim) Add(ref sum, factor, Memory.Floats(results.Sums(row, head, span) + lane * 16));
        }
        sums[warp * Lanes.Count + lane] = sum;
        totals[warp] = total;
        Group.Barrier();
        if (warp != 0) return;
        for (int other = 1; other < warps; other++)
        {
            Add(ref sum, 1, sums[other * Lanes.Count + lane]);
            total += totals[other];
        }
        sum.X /= total;
        sum.Y /= total;
        sum.Z /= total;
        sum.W /= total;
        long number = ((firstRow + row) * heads + head) * cache.HeadDim + lane * 4;
        bool isPresent = lane * 4 < cache.HeadDim;
        if (isPresent) Memory.Store(y + number * 4, sum);
        if (bytes.Values != 0) ByteWriter.Write(bytes, number, sum, isPresent);
    }

    static void Add(ref Float4 sum, float factor, Float4 values)
    {
        sum.X = Arithmetic.MultiplyAdd(factor, values.X, sum.X);
        sum.Y = Arithmetic.MultiplyAdd(factor, values.Y, sum.Y);
        sum.Z = Arithmetic.MultiplyAdd(factor, values.Z, sum.Z);
        sum.W = Arithmetic.MultiplyAdd(factor, values.W, sum.W);
    }
}
