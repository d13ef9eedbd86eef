using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Blocks of 18 bytes: a half and 32 numbers of 4 bits, from 8. A piece is a block.</summary>
readonly struct Q4_0Pieces : IPieces<Q4_0Pieces.Raw>
{
    const int BlockBytes = 18;

    public struct Raw
    {
        public UInt4 A, B;
        public uint Scale;
    }

    public static int Distance => 16;
    public static bool HasOffsets => true;

    public static int Column(int piece) => piece * 32;

    public static Raw Load(long row, int piece, int place)
    {
        long values = Values(row, piece), from = values & -16;
        Raw raw = default;
        raw.A = Memory.NearWeights(from);
        raw.B = Memory.NearWeights(from + 16);
        raw.Scale = Memory.UShort(values - 2);
        return raw;
    }

    public static Piece Unpack(Raw raw, long row, int piece, int place)
    {
        UInt4 values = Words.Window(raw.A, raw.B, (int)Values(row, place) & 15);
        Piece result = default;
        result.First = Words.Field(values, 0, 0x0F0F0F0F);
        result.Second = Words.Field(values, 4, 0x0F0F0F0F);
        float scale = Words.LowHalf(raw.Scale);
        result.FirstScale = result.SecondScale = scale;
        result.FirstOffset = result.SecondOffset = scale * -8;
        return result;
    }

    // Eight blocks are a multiple of 16 bytes, so that a place has one offset.
    static long Values(long row, int piece) => row + (long)(uint)piece * BlockBytes + 2;
}
