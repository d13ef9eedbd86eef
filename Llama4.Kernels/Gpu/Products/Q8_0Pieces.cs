using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Blocks of 34 bytes: a half and 32 signed bytes. A piece is a block.</summary>
readonly struct Q8_0Pieces : IPieces<Q8_0Pieces.Raw>
{
    const int BlockBytes = 34;

    public struct Raw
    {
        public UInt4 A, B, C;
        public uint Scale;
    }

    public static int Distance => 16;
    public static bool HasOffsets => false;

    public static int Column(int piece) => piece * 32;

    public static Raw Load(long row, int piece, int place)
    {
        long values = Values(row, piece), from = values & -16;
        Raw raw = default;
        raw.A = Memory.NearWeights(from);
        raw.B = Memory.NearWeights(from + 16);
        raw.C = Memory.NearWeights(from + 32);
        raw.Scale = Memory.UShort(values - 2);
        return raw;
    }

    public static Piece Unpack(Raw raw, long row, int piece, int place)
    {
        int offset = (int)Values(row, place) & 15;
        Piece result = default;
        result.First = Words.Window(raw.A, raw.B, offset);
        result.Second = Words.Window(raw.B, raw.C, offset);
        result.FirstScale = result.SecondScale = Words.LowHalf(raw.Scale);
        return result;
    }

    // Eight blocks are a multiple of 16 bytes, so that a place has one offset.
    static long Values(long row, int piece) => row + (long)(uint)piece * BlockBytes + 2;
}
