using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// Two runs of 16 neighbouring weights of a row: weight i of a run is Scale · (byte i) + Offset. What one thread takes at a time.
/// </summary>
struct Piece
{
    /// <summary>Signed bytes.</summary>
    public UInt4 First, Second;

    public float FirstScale, FirstOffset, SecondScale, SecondOffset;
}

/// <summary>
/// A quantised format as pieces, read with loads of 16 bytes where they lie in the file's layout. Piece p of a row begins at column
/// <see cref="Column"/>; of each 64 columns pieces 2n and 2n + 1 (of 128 for <see cref="Distance"/> 64, pieces 4n to 4n + 3) hold all.
/// </summary>
/// <typeparam name="TRaw">What the loads of a piece give.</typeparam>
interface IPieces<TRaw>
    where TRaw : unmanaged
{
    /// <summary>Columns from the first run to the second.</summary>
    static abstract int Distance { get; }

    /// <summary>Whether offsets are not all 0.</summary>
    static abstract bool HasOffsets { get; }

    /// <summary>First column of the first run.</summary>
    static abstract int Column(int piece);

    /// <summary>Only loads, so that those of several pieces can be under way together.</summary>
    /// <param name="row">Address of the row: even, for <see cref="Q4_KPieces"/> a multiple of 16.</param>
    /// <param name="place">piece mod 8, of which a loop in steps of 8 knows that it stays the same.</param>
    static abstract TRaw Load(long row, int piece, int place);

    static abstract Piece Unpack(TRaw raw, long row, int piece, int place);
}
