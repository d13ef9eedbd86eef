using ILGPU;
using Llama4.Kernels.Formats;
using Llama4.Kernels.Cpu;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        KvPlace cache = Cache(rows, y.Rows, pages, layer, nameof(Attention));
        int keyColumns = checked(layer.Heads * layer.HeadDim);
        if (y.Columns == 0 || y.Columns % keyColumns != 0)
            throw new ArgumentException($"Attention: rows of {y.Columns} numbers are not a multiple of {layer.Heads} key heads of {layer.HeadDim}", nameof(q));
        CheckHeadDim(layer.HeadDim, nameof(Attention));
        int heads = y.Columns / layer.HeadDim;
        long items = (long)y.Rows * heads;
        switch (layer.Encoding)
        {
            case Encoding.F32: ForWarps(items, new AttentionKernel<F32, float>(q.Address, cache, y.Address, heads, items)); break;
            case Encoding.F16: ForWarps(items, new AttentionKernel<F16, ushort>(q.Address, cache, y.Address, heads, items)); break;
            case Encoding.BF16: ForWarps(items, new AttentionKernel<BF16, ushort>(q.Address, cache, y.Address, heads, items)); break;
            default: ForWarps(items, new AttentionKernel<Q8_0, Q8_0.Block>(q.Address, cache, y.Address, heads, items)); break;
        }
    }

    static void CheckHeadDim(int headDim, string operation)
    {
        if (headDim > HeadState.MostNumbers)
            throw new ArgumentException($"{operation}: heads of {headDim} numbers; on the GPU at most {HeadState.MostNumbers}", nameof(headDim));
    }

    /// <summary>A warp for each head of each row, over the positions in their order. Where a page is missing the result is NaN.</summary>
    internal readonly struct AttentionKernel<TFormat, TBlock>(long q, KvPlace cache, long y, int heads, long items) : IKernel
        where TFormat : struct, IFormat<TBlock>
        where TBlock : unmanaged
    {
        public void Run()
        {
            long item = GroupWork.WarpIndex;
            if (item >= items) return;
            long row = item / heads;
            int keyHead = (int)(item % heads) / (heads / cache.Heads), headDim = cache.HeadDim;
            int sequence = cache.Sequence(row), last = cache.Slot(row);
            long start = item * headDim * 4;
            Float4 query = HeadState.Load(q + start, headDim);
            float scale = 1 / MathF.Sqrt(headDim);
            HeadState state = HeadState.Empty();
            for (int slot = 0; slot <= last; slot++)
            {
                Float4 key = Decode(cache.Key(sequence, keyHead, slot), headDim);
                state.Add(HeadState.Dot(query, key) * scale, Decode(cache.Value(sequence, keyHead, slot), headDim));
            }
            state.Store(y + start, headDim);
        }

        Float4 Decode(long entry, int headDim)
        {
            int lane = Warp.LaneIdx;
            Float4 numbers = default;
            numbers.X = Number(entry, lane, headDim);
            numbers.Y = Number(entry, lane + 32, headDim);
            numbers.Z = Number(entry, lane + 64, headDim);
            numbers.W = Number(entry, lane + 96, headDim);
            return numbers;
        }

        float Number(long entry, int index, int headDim)
        {
            if (index >= headDim) return 0;
            if (entry == 0) return float.NaN;
            return TFormat.Decode(in Memory.At<TBlock>(entry + index / TFormat.Length * (long)cache.BlockBytes), index % TFormat.Length);
        }
    }
}
