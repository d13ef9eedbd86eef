using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

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
        Q4_KScales scales = Q4_KScales.Of(raw.Head, place >> 1);
        Piece result = default;
        result.First = Words.Field(raw.Values, 0, 0x0F0F0F0F);
        result.Second = Words.Field(raw.Values, 4, 0x0F0F0F0F);
        result.FirstScale = scales.FirstScale;
        result.FirstOffset = scales.FirstOffset;
        result.SecondScale = scales.SecondScale;
        result.SecondOffset = scales.SecondOffset;
        return result;
    }
}
