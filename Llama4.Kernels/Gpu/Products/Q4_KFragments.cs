using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>A block at a time: its head, and of each 32 bytes, which hold 64 numbers, the first 32 in their low halves, eight.</summary>
readonly struct Q4_KFragments : IFragments<Q4_KFragments.Raw>
{
    const int BlockBytes = 144;

    public struct Raw
    {
        public UInt4 Head;
        public UInt2 A, B, C, D;
    }

    public static bool HasOffsets => true;
    public static int Pairs => 4;

    public static Raw Load(long row, int step, int place)
    {
        long block = row + (long)(uint)step * BlockBytes, values = block + 16 + (uint)place * 8;
        Raw raw = default;
        raw.Head = Memory.NearWeights(block);
        raw.A = Memory.NearWeightPair(values);
        raw.B = Memory.NearWeightPair(values + 32);
        raw.C = Memory.NearWeightPair(values + 64);
        raw.D = Memory.NearWeightPair(values + 96);
        return raw;
    }

    public static WeightFragment Unpack(Raw raw, long row, int step, int pair)
    {
        Q4_KScales scales = Q4_KScales.Of(raw.Head, pair);
        UInt2 values = pair == 0 ? raw.A : pair == 1 ? raw.B : pair == 2 ? raw.C : raw.D;
        WeightFragment result = default;
        result.First.X = values.X & 0x0F0F0F0F;
        result.First.Y = values.Y & 0x0F0F0F0F;
        result.Second.X = values.X >> 4 & 0x0F0F0F0F;
        result.Second.Y = values.Y >> 4 & 0x0F0F0F0F;
        result.FirstScale = scales.FirstScale;
        result.FirstOffset = scales.FirstOffset;
        result.SecondScale = scales.SecondScale;
        result.SecondOffset = scales.SecondOffset;
        return result;
    }
}
