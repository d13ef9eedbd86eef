using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// Rows of x as signed bytes, eight by eight, as tensor cores take them: of each group of 32 columns the bytes of eight rows, row after row; and in another place,
/// for each group and each two rows, both scales and both scale · Σ bytes. Rows that x does not have are zeros.
/// </summary>
struct FragmentRows(long address, int rows, int columns)
{
    public const int RowsTogether = 8;

    readonly long values = address, factors = address + (long)Padded(rows) * columns;
    readonly int groups = columns / ByteRows.GroupLength;

    public static long Bytes(int rows, int columns) => (long)Padded(rows) * (columns + columns / ByteRows.GroupLength * 8);

    public static int Padded(int rows) => (rows + RowsTogether - 1) / RowsTogether * RowsTogether;

    public readonly void Store(int row, int group, in ByteGroup bytes)
    {
        long at = Group(row / RowsTogether, group);
        int place = row % RowsTogether;
        Memory.Store(values + at * 256 + place * 32, bytes.First);
        Memory.Store(values + at * 256 + place * 32 + 16, bytes.Second);
        long pair = factors + at * 64 + place / 2 * 16 + place % 2 * 4;
        Memory.Store(pair, bytes.Factors.X);
        Memory.Store(pair + 8, bytes.Factors.Y + bytes.Factors.W);
    }

    /// <summary>The right-hand fragment of a lane.</summary>
    public readonly UInt2 Fragment(int rowBlock, int group, int lane) => Memory.WordPair(values + Group(rowBlock, group) * 256 + (uint)lane * 8);

    /// <summary>Scales, then sums, of the two rows that the lane has results of.</summary>
    public readonly Float4 Factors(int rowBlock, int group, int place) => Memory.Floats(factors + Group(rowBlock, group) * 64 + (uint)place * 16);

    readonly long Group(int rowBlock, int group) => (uint)(rowBlock * groups + group);
}
