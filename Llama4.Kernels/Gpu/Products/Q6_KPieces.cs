using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// Blocks of 210 bytes (see <see cref="Formats.Q6_K"/>). Eight pieces in a block: the low halves of 16 of the first bytes with two of the four
/// pairs of bits of 16 of the next, and the high halves, which are 64 columns further on, with the other two.
/// </summary>
readonly struct Q6_KPieces : IPieces<Q6_KPieces.Raw>
{
    const int BlockBytes = 210, HighOffset = 128, ScalesOffset = 192, UnitOffset = 208;

    public struct Raw
    {
        public UInt4 LowA, LowB, HighA, HighB;
        public int FirstScale, SecondScale;
        public uint Unit;
    }

    public static int Distance => 64;
    public static bool HasOffsets => true;

    public static int Column(int piece) => (piece >> 2) * 128 + (piece & 3) * 16;

    public static Raw Load(long row, int piece, int place)
    {
        long block = Block(row, piece), low = Low(row, piece, place), high = High(row, piece, place);
        long scale = block + ScalesOffset + (uint)((place >> 2) * 8 + (place & 3));
        Raw raw = default;
        raw.LowA = Memory.NearWeights(low & -16);
        raw.LowB = Memory.NearWeights((low & -16) + 16);
        raw.HighA = Memory.NearWeights(high & -16);
        raw.HighB = Memory.NearWeights((high & -16) + 16);
        raw.FirstScale = Memory.SByte(scale);
        raw.SecondScale = Memory.SByte(scale + 4);
        raw.Unit = Memory.UShort(block + UnitOffset);
        return raw;
    }

    public static Piece Unpack(Raw raw, long row, int piece, int place)
    {
        UInt4 low = Words.Window(raw.LowA, raw.LowB, (int)Low(row, piece, place) & 15);
        UInt4 high = Words.Window(raw.HighA, raw.HighB, (int)High(row, piece, place) & 15);
        int pair = place & 2;
        float unit = Words.LowHalf(raw.Unit);
        Piece result = default;
        result.First = Words.Join(Words.Field(low, 0, 0x0F0F0F0F), Words.Field(high, pair, 0x03030303), 4);
        result.Second = Words.Join(Words.Field(low, 4, 0x0F0F0F0F), Words.Field(high, pair + 4, 0x03030303), 4);
        result.FirstScale = unit * raw.FirstScale;
        result.SecondScale = unit * raw.SecondScale;
        result.FirstOffset = result.FirstScale * -32;
        result.SecondOffset = result.SecondScale * -32;
        return result;
    }

    static long Block(long row, int piece) => row + (long)((uint)piece >> 3) * BlockBytes;

    static long Low(long row, int piece, int place) => Block(row, piece) + (uint)place * 16;

    static long High(long row, int piece, int place) => Block(row, piece) + HighOffset + (uint)((place >> 2) * 32 + (place & 1) * 16);
}
