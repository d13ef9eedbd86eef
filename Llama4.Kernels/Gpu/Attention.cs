using ILGPU;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Rows whose spans' results take more are computed one batch after the other.
    const long SpanScratchBytes = 64 << 20;

    readonly DeviceScratch spanScratch;

    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        KvPlace cache = Cache(rows, y.Rows, pages, layer, nameof(Attention));
        int keyColumns = checked(layer.Heads * layer.HeadDim);
        if (y.Columns == 0 || y.Columns % keyColumns != 0)
            throw new ArgumentException($"Attention: rows of {y.Columns} numbers are not a multiple of {layer.Heads} key heads of {layer.HeadDim}", nameof(q));
        CheckHeadDim(layer.HeadDim, nameof(Attention));
        bool inTiles = pages.PageRows % Spans.Tile == 0 && layer.KeyOffset % 16 == 0 && layer.ValueOffset % 16 == 0;
        if (inTiles && layer.HeadDim == 64) AttendSpans<Width64>(q, cache, pages, layer, y);
        else if (inTiles && layer.HeadDim == 128) AttendSpans<Width128>(q, cache, pages, layer, y);
        else AttendPlainly(q, cache, layer, y);
    }

    void AttendSpans<TWidth>(in Tensor q, in KvPlace cache, in KvPages pages, in KvLayer layer, in Tensor y)
        where TWidth : struct, IHeadWidth
    {
        switch (layer.Encoding)
        {
            case Encoding.F16: AttendSpans<HalfFragments, TWidth>(q, cache, pages, layer, y); break;
            case Encoding.BF16: AttendSpans<BFloatFragments, TWidth>(q, cache, pages, layer, y); break;
            case Encoding.Q8_0: AttendSpans<ByteFragments, TWidth>(q, cache, pages, layer, y); break;
            // The tensor cores would round it.
            default: AttendPlainly(q, cache, layer, y); break;
        }
    }

    void AttendSpans<TFragments, TWidth>(in Tensor q, in KvPlace cache, in KvPages pages, in KvLayer layer, in Tensor y)
        where TFragments : struct, IKvFragments
        where TWidth : struct, IHeadWidth
    {
        int heads = y.Columns / layer.HeadDim, spans = Spans.Count(pages), group = heads / layer.Heads;
        long rowBytes = SpanResults.RowBytes(heads, spans, layer.HeadDim);
        int most = (int)Math.Clamp(SpanScratchBytes / rowBytes, 1, y.Rows);
        var results = new SpanResults(spanScratch.Address(most * rowBytes), heads, spans, layer.HeadDim);
        int parts = layer.Heads * ((group + SpanAttentionKernel<TFragments, TWidth>.MostHeads - 1) / SpanAttentionKernel<TFragments, TWidth>.MostHeads);
        for (int first = 0; first < y.Rows; first += most)
        {
            int count = Math.Min(most, y.Rows - first);
            ForWarps((long)count * parts * spans, new SpanAttentionKernel<TFragments, TWidth>(q.Address, cache, results, first, count, heads));
            Launch((long)count * heads, new CombineSpansKernel(cache, results, first, heads, y.Address));
        }
    }

    void AttendPlainly(in Tensor q, in KvPlace cache, in KvLayer layer, in Tensor y)
    {
        int heads = y.Columns / layer.HeadDim;
        long items = (long)y.Rows * heads;
        switch (layer.Encoding)
        {
            case Encoding.F32: ForWarps(items, new AttentionKernel<F32Entry>(q.Address, cache, y.Address, heads, items)); break;
            case Encoding.F16: ForWarps(items, new AttentionKernel<F16Entry>(q.Address, cache, y.Address, heads, items)); break;
            case Encoding.BF16: ForWarps(items, new AttentionKernel<BF16Entry>(q.Address, cache, y.Address, heads, items)); break;
            default: ForWarps(items, new AttentionKernel<Q8Entry>(q.Address, cache, y.Address, heads, items)); break;
        }
    }

    static void CheckHeadDim(int headDim, string operation)
    {
        if (headDim > HeadState.MostNumbers)
            throw new ArgumentException($"{operation}: heads of {headDim} numbers; on the GPU at most {HeadState.MostNumbers}", nameof(headDim));
    }

    /// <summary>For every shape: a warp for each head of each row, over the positions in their order. Where a page is missing the result is NaN.</summary>
    internal readonly struct AttentionKernel<TEntry>(long q, KvPlace cache, long y, int heads, long items) : IKernel
        where TEntry : struct, IKvEntry
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
                long page = cache.Page(sequence, slot);
                int place = cache.Row(slot);
                Float4 key = Decode(page, cache.Keys(page, keyHead), place), value = Decode(page, cache.Values(page, keyHead), place);
                state.Add(HeadState.Dot(query, key) * scale, value);
            }
            state.Store(y + start, headDim);
        }

        Float4 Decode(long page, long part, int place)
        {
            int lane = Warp.LaneIdx;
            Float4 numbers = default;
            numbers.X = Number(page, part, place, lane);
            numbers.Y = Number(page, part, place, lane + 32);
            numbers.Z = Number(page, part, place, lane + 64);
            numbers.W = Number(page, part, place, lane + 96);
            return numbers;
        }

        float Number(long page, long part, int place, int index)
        {
            if (index >= cache.HeadDim) return 0;
            return page == 0 ? float.NaN : TEntry.Number(part, place, index, cache.PageRows, cache.HeadDim);
        }
    }
}
