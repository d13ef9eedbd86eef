namespace Llama4.Kernels.Gpu;

/// <summary>
/// Blocks of 144 bytes: two halves and the 12 bytes of <see cref="Formats.KScales"/>, then 32 bytes for each 64 numbers. Eight pieces in a block:
/// the low halves of 16 bytes, and their high halves, which are 32 columns further on.
/// </summary>
readonly struct Q4_KPieces : IPieces<Q4_KPieces.Raw>
{
    const int BlockBytes = 144;

    public struct Raw
    {
        public UInt4 Head, Values;
    }

    public static int Distance => 32;
    public static bool HasOffsets => true;

    public static int Column(int piece) => (piece >> 1) * 64 + (piece & 1) * 16;

    public static Raw Load(long row, int piece, int place)
    {
        long block = row + (long)((uint)piece >> 3) * BlockBytes;
        Raw raw = default;
        raw.Head = Memory.NearWeights(block);
        raw.Values = Memory.NearWeights(block + 16 + (uint)place * 16);
        return raw;
    }

    public static Piece Unpack(Raw raw, long row, int piece, int place)
    {
        // Both groups of 32 that the piece is in: their bytes in Head.Y, Z, W are neighbours.
        int shift = (place >> 1 & 1) * 16;
        bool last = (place & 4) != 0;
        uint a = raw.Head.Y >> shift, b = raw.Head.Z >> shift, c = raw.Head.W >> shift;
        uint scales = Words.Select(c & 0x0F0F | a >> 2 & 0x3030, a & 0x3F3F, last);
        uint minima = Words.Select(c >> 4 & 0x0F0F | b >> 2 & 0x3030, b & 0x3F3F, last);
        float d = Words.LowHalf(raw.Head.X), dmin = -Words.HighHalf(raw.Head.X);
        Piece result = default;
        result.First = Words.Field(raw.Values, 0, 0x0F0F0F0F);
        result.Second = Words.Field(raw.Values, 4, 0x0F0F0F0F);
        result.FirstScale = d * (int)(scales & 63);
        result.SecondScale = d * (int)(scales >> 8 & 63);
        result.FirstOffset = dmin * (int)(minima & 63);
        result.SecondOffset = dmin * (int)(minima >> 8 & 63);
        return result;
    }
}
