using ILGPU;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// How the positions that a row sees are shared out to warps. The length of a span depends on the row's own position alone: its result does not
/// depend on the other rows, and the launch only on what the page table has room for.
/// </summary>
static class Spans
{
    public const int Most = 128, Least = 32;

    /// <summary>Positions that a warp takes at once.</summary>
    public const int Tile = 16;

    /// <summary>Positions of a span, where a row sees <paramref name="seen"/>.</summary>
    public static int Length(int seen)
    {
        int share = (seen + Most - 1) / Most;
        return IntrinsicMath.Max((share + Tile - 1) / Tile * Tile, Least);
    }

    /// <summary>Spans of the longest sequence that these pages can hold.</summary>
    public static int Count(in KvPages pages)
    {
        long room = (long)pages.Table.Columns * pages.PageRows;
        if (pages.Window > 0) room = Math.Min(room, pages.Window);
        return (int)Math.Clamp((room + Least - 1) / Least, 1, Most);
    }
}

/// <summary>Where the spans' results lie: for each head of each row and each span.</summary>
readonly struct SpanResults(long address, int heads, int spans, int headDim)
{
    public static long RowBytes(int heads, int spans, int headDim) => (long)heads * spans * (headDim + 4) * 4;

    public int Count => spans;

    /// <summary>Address of the sums, headDim floats, not yet divided by the weights.</summary>
    public long Sums(long row, int head, int span) => Start(row, head) + (long)span * headDim * 4;

    /// <summary>Address of the largest score, in powers of 2, and of the sum of the weights.</summary>
    public long Weights(long row, int head, int span) => Start(row, head) + ((long)spans * headDim + span * 4) * 4;

    long Start(long row, int head) => address + (row * heads + head) * spans * (headDim + 4) * 4;
}
