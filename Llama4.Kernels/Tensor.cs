namespace Llama4.Kernels;

/// <summary>
/// A matrix in device memory: <paramref name="Rows"/> rows of <paramref name="Columns"/> numbers, rows <paramref name="RowBytes"/> bytes apart.
/// A vector is a matrix of one row. Quantised only along a row.
/// </summary>
/// <param name="Buffer">The memory.</param>
/// <param name="Offset">Byte offset of the first row.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Numbers in a row.</param>
/// <param name="Encoding">How the numbers are stored.</param>
/// <param name="RowBytes">Distance between two rows in bytes, at least the bytes of a row.</param>
public readonly record struct Tensor(Buffer Buffer, long Offset, int Rows, int Columns, Encoding Encoding, long RowBytes)
{
    /// <summary>A contiguous matrix.</summary>
    public Tensor(Buffer buffer, long offset, int rows, int columns, Encoding encoding)
        : this(buffer, offset, rows, columns, encoding, encoding.RowBytes(columns)) { }

    public long Count => (long)Rows * Columns;

    /// <summary>Bytes from the first to the last number.</summary>
    public long Bytes => Rows == 0 ? 0 : (Rows - 1) * RowBytes + Encoding.RowBytes(Columns);

    public bool IsContiguous => Rows <= 1 || RowBytes == Encoding.RowBytes(Columns);

    /// <summary>Device address of the first number.</summary>
    public long Address => Buffer.Address + Offset;

    /// <summary>Rows [from, from + count) of this matrix.</summary>
    public Tensor RowRange(int from, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)from + count, Rows, nameof(count));
        return this with { Offset = Offset + from * RowBytes, Rows = count };
    }

    /// <summary>Columns [from, from + count); both ends on a block border.</summary>
    public Tensor ColumnRange(int from, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)from + count, Columns, nameof(count));
        _ = Encoding.RowBytes(count);
        return this with { Offset = Offset + Encoding.RowBytes(from), Columns = count };
    }

    /// <summary>The same numbers as <paramref name="rows"/> × <paramref name="columns"/>; only for a contiguous matrix.</summary>
    public Tensor As(int rows, int columns)
    {
        if (!IsContiguous || (long)rows * columns != Count)
            throw new ArgumentException($"cannot view {Rows}×{Columns} ({(IsContiguous ? "contiguous" : "strided")}) as {rows}×{columns}");
        return this with { Rows = rows, Columns = columns, RowBytes = Encoding.RowBytes(columns) };
    }
}
