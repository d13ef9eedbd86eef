using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Two blocks of 34 bytes: a half and 32 signed bytes.</summary>
readonly struct Q8_0Fragments : IFragments<Q8_0Fragments.Raw>
{
    const int BlockBytes = 34;

    public struct Raw
    {
        public UInt2 FirstLow, FirstHigh, SecondLow, SecondHigh;
        public uint FirstScale, SecondScale;
    }

    public static bool HasOffsets => false;
    public static int Pairs => 1;

    public static Raw Load(long row, int step, int place)
    {
        long block = Block(row, step), first = block + 2 + (uint)place * 8, second = first + BlockBytes;
        Raw raw = default;
        raw.FirstLow = Memory.NearWeightPair(first & -8);
        raw.FirstHigh = Memory.NearWeightPair((first & -8) + 8);
        raw.SecondLow = Memory.NearWeightPair(second & -8);
        raw.SecondHigh = Memory.NearWeightPair((second & -8) + 8);
        raw.FirstScale = Memory.UShort(block);
        raw.SecondScale = Memory.UShort(block + BlockBytes);
        return raw;
    }

    public static WeightFragment Unpack(Raw raw, long row, int step, int pair)
    {
        int offset = (int)Block(row, step) + 2;
        WeightFragment result = default;
        result.First = Window(raw.FirstLow, raw.FirstHigh, offset);
        result.Second = Window(raw.SecondLow, raw.SecondHigh, offset + BlockBytes);
        result.FirstScale = Words.LowHalf(raw.FirstScale);
        result.SecondScale = Words.LowHalf(raw.SecondScale);
        return result;
    }

    /// <summary>8 of 16 bytes, beginning at byte <paramref name="offset"/> mod 8, even.</summary>
    static UInt2 Window(UInt2 low, UInt2 high, int offset)
    {
        bool one = (offset & 4) != 0;
        int bits = (offset & 2) * 8;
        uint middle = Words.Select(high.X, low.Y, one);
        UInt2 result = default;
        result.X = Words.Funnel(Words.Select(low.Y, low.X, one), middle, bits);
        result.Y = Words.Funnel(middle, Words.Select(high.Y, high.X, one), bits);
        return result;
    }

    static long Block(long row, int step) => row + (long)(uint)step * (2 * BlockBytes);
}
