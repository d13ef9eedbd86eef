namespace Llama4.Kernels.Cpu;

/// <summary>
/// How a step's attention is cut into items. Rows: blocks of neighbours that see the same keys, so that a span of keys is read once for
/// all of them. Positions: blocks of <see cref="BlockLength"/>, each computed for itself and merged in ascending order, so that one row
/// over a long context is work for many threads. The cuts along positions are fixed: who computes what does not change a result.
/// </summary>
sealed class AttentionPlan
{
    /// <summary>Positions that are computed in one go.</summary>
    public const int BlockLength = 16 * AttentionShape.Span;

    const int QueriesPerItem = 32;

    RowBlock[] blocks = new RowBlock[16];

    public readonly record struct RowBlock(int First, int Count, int LastSlot);

    public ReadOnlySpan<RowBlock> Blocks => blocks.AsSpan(0, Count);

    public RowBlock this[int index] => blocks[index];

    public int Count { get; private set; }

    public void Make(in KvView cache, int rows, int queriesPerRow)
    {
        int most = Math.Max(1, QueriesPerItem / queriesPerRow);
        Count = 0;
        for (int first = 0, row; first < rows; first = row)
        {
            int last = cache.Slot(first);
            for (row = first + 1; row < rows && row - first < most && cache.SameChunk(row, first); row++)
                last = Math.Max(last, cache.Slot(row));
            if (Count == blocks.Length) Array.Resize(ref blocks, 2 * Count);
            blocks[Count++] = new RowBlock(first, row - first, last);
        }
    }
}
