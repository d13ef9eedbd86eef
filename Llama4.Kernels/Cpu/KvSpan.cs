using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>One span of one head's keys and values in the cache, as attention reads it.</summary>
/// <param name="cache">One layer.</param>
/// <param name="slot">First of the span.</param>
/// <param name="length">Slots in the span.</param>
/// <param name="last">Last slot that the item comes to.</param>
readonly unsafe struct KvSpan(KvView cache, AttentionShape shape, int sequence, int head, int slot, int length, int last)
{
    /// <summary>Adds the span to the states of the queries: <see cref="SpanAttention.Add"/>.</summary>
    /// <param name="tile">Memory for a span of keys and of values.</param>
    public void Add(float* queries, int count, int* visible, float* tile, float* scores, float* states)
    {
        // Many queries use a number more often than it costs to convert it once; blocks are unpacked as a whole.
        bool inPlace = shape.HeadDim == shape.Stride && length <= cache.LeftInPage(slot) && (count <= SpanAttention.Group || cache.Encoding == Encoding.F32);
        switch (inPlace ? cache.Encoding : Encoding.Q8_0)
        {
            case Encoding.F32:
                SpanAttention.Add<F32, float>(shape, queries, count, visible, InPlace<float>(), scores, states);
                break;
            case Encoding.F16:
                SpanAttention.Add<F16, ushort>(shape, queries, count, visible, InPlace<ushort>(), scores, states);
                break;
            case Encoding.BF16:
                SpanAttention.Add<BF16, ushort>(shape, queries, count, visible, InPlace<ushort>(), scores, states);
                break;
            default:
                var entries = new KvTile(cache, shape, sequence, head, slot, length, tile);
                var span = new SpanEntries<float>(entries.Keys, entries.Values, length, cache.Key(sequence, head, Next), cache.Value(sequence, head, Next));
                SpanAttention.Add<F32, float>(shape, queries, count, visible, span, scores, states);
                break;
        }
    }

    int Next => Math.Min(last, slot + AttentionShape.Span);

    SpanEntries<TBlock> InPlace<TBlock>()
        where TBlock : unmanaged =>
        new((TBlock*)cache.Key(sequence, head, slot), (TBlock*)cache.Value(sequence, head, slot), length,
            cache.Key(sequence, head, Next), cache.Value(sequence, head, Next));
}
