using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Heads;
using Llama4.Kernels.Gpu.Instructions;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Rows whose spans' results take more are computed one batch after the other.
    const long SpanScratchBytes = 64 << 20;

    // So few rows read their cache themselves.
    const int FewRows = 16;

    readonly DeviceScratch spanScratch;

    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y) => Attention(q, rows, pages, layer, y, default);

    /// <param name="bytes">Takes y as bytes where that costs nothing; default: nothing.</param>
    /// <returns>Whether the bytes were made.</returns>
    bool Attention(in Tensor q, in StepRows rows, in KvPages pages, in KvLayer layer, in Tensor y, ByteRows bytes)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        KvPlace cache = Cache(rows, y.Rows, pages, layer, nameof(Attention));
        int keyColumns = checked(layer.Heads * layer.HeadDim);
        if (y.Columns == 0 || y.Columns % keyColumns != 0)
            throw new ArgumentException($"Attention: rows of {y.Columns} numbers are not a multiple of {layer.Heads} key heads of {layer.HeadDim}", nameof(q));
        CheckHeadDim(layer.HeadDim, nameof(Attention));
        bool inTiles = pages.PageRows % Spans.Tile == 0 && layer.KeyOffset % 16 == 0 && layer.ValueOffset % 16 == 0;
        if (layer.Encoding == Encoding.F32) inTiles = false; // tensor cores would round it
        if (y.Rows == 0) return false;
        // Rows that share their sequence with others share its keys as well, if there are enough of them.
        int alone = y.Rows <= FewRows ? y.Rows : Math.Clamp(rows.Alone, 0, y.Rows);
        bool allAlone = inTiles && alone == y.Rows && layer.HeadDim is (64 or 128);
        var call = new AttentionCall(q.Address, cache, pages, layer, y, alone, allAlone ? bytes : default);
        if (inTiles && layer.HeadDim == 64) Attend<Width64>(call);
        else if (inTiles && layer.HeadDim == 128) Attend<Width128>(call);
        else AttendPlainly(call);
        return allAlone;
    }

    readonly record struct AttentionCall(long Q, KvPlace Cache, KvPages Pages, KvLayer Layer, Tensor Y, int Alone, ByteRows Bytes)
    {
        public int Heads => Y.Columns / Layer.HeadDim;
    }

    void Attend<TWidth>(in AttentionCall call)
        where TWidth : struct, IHeadWidth
    {
        switch (call.Layer.Encoding)
        {
            case Encoding.F16: Attend<HalfFragments, TWidth>(call); break;
            case Encoding.BF16: Attend<BFloatFragments, TWidth>(call); break;
            default: Attend<ByteFragments, TWidth>(call); break;
        }
    }

    void Attend<TFragments, TWidth>(in AttentionCall call)
        where TFragments : struct, IKvFragments
        where TWidth : struct, IHeadWidth
    {
        if (call.Alone > 0) AttendSpans<TFragments, TWidth>(call);
        int rows = call.Y.Rows - call.Alone, height = groupThreads / 2;
        if (rows == 0) return;
        int tiles = (int)(((long)rows * (call.Heads / call.Layer.Heads) + height - 1) / height);
        var kernel = new TileAttentionKernel<TFragments, TWidth>(call.Q, call.Cache, call.Y.Address, call.Alone, rows, call.Heads, tiles);
        Launch((long)call.Layer.Heads * tiles, kernel, sharedBytes: 2 * AttentionTile<TFragments, TWidth>.StageBytes);
    }

    void AttendSpans<TFragments, TWidth>(in AttentionCall call)
        where TFragments : struct, IKvFragments
        where TWidth : struct, IHeadWidth
    {
        const int MostHeads = SpanAttentionKernel<TFragments, TWidth>.MostHeads;
        int heads = call.Heads, keyHeads = call.Layer.Heads, headDim = call.Layer.HeadDim, spans = Spans.Count(call.Pages);
        long rowBytes = SpanResults.RowBytes(heads, spans, headDim), parts = keyHeads * ((heads / keyHeads + MostHeads - 1) / MostHeads);
        int most = (int)Math.Clamp(SpanScratchBytes / rowBytes, 1, call.Alone);
        var results = new SpanResults(spanScratch.Address(most * rowBytes), heads, spans, headDim);
        for (int first = 0; first < call.Alone; first += most)
        {
            int count = Math.Min(most, call.Alone - first);
            ForWarps(count * parts * spans, new SpanAttentionKernel<TFragments, TWidth>(call.Q, call.Cache, results, first, count, heads));
            Launch((long)count * heads, new CombineSpansKernel(call.Cache, results, first, heads, call.Y.Address, call.Bytes));
        }
    }

    void AttendPlainly(in AttentionCall call)
    {
        long items = (long)call.Y.Rows * call.Heads, y = call.Y.Address;
        switch (call.Layer.Encoding)
        {
            case Encoding.F32: ForWarps(items, new AttentionKernel<F32Entry>(call.Q, call.Cache, y, call.Heads, items)); break;
            case Encoding.F16: ForWarps(items, new AttentionKernel<F16Entry>(call.Q, call.Cache, y, call.Heads, items)); break;
            case Encoding.BF16: ForWarps(items, new AttentionKernel<BF16Entry>(call.Q, call.Cache, y, call.Heads, items)); break;
            default: ForWarps(items, new AttentionKernel<Q8Entry>(call.Q, call.Cache, y, call.Heads, items)); break;
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
