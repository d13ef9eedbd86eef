using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 numbers in 8 groups of 32: d·(scale − 32)·table[q] with the table of <see cref="IQ4_NL"/>, each group packed as there.
/// Scale g has its low four bits in byte g / 2, half g mod 2, of ScalesLow and its upper two in pair of bits g of ScalesHigh.
/// </summary>
readonly unsafe struct IQ4_XS : IQuantisedFormat<IQ4_XS.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public ushort ScalesHigh;
        public fixed byte ScalesLow[4];
        public fixed byte Values[128];
    }

    public static int Length => 256;
    public static int Largest => 127;
    public static bool IsSigned => true;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => false;

    public static float Decode(ref readonly Block block, int index)
    {
        int group = index >> 5, i = index & 31;
        int scale = block.ScalesLow[group >> 1] >> (group & 1) * 4 & 15 | (block.ScalesHigh >> group * 2 & 3) << 4;
        int q = block.Values[group * 16 + (i & 15)] >> (i >> 4) * 4 & 15;
        return Bits.Half(block.Scale) * (scale - 32) * IQ4_NL.Entry(q);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        Span<float> scales = stackalloc float[8];
        for (int g = 0; g < 8; g++) scales[g] = IQ4_NL.FitScale(values.Slice(32 * g, 32));
        float largest = 0;
        foreach (float scale in scales)
            if (Math.Abs(scale) > Math.Abs(largest)) largest = scale;
        block.Scale = Bits.ToFiniteHalf(largest / -32);
        float unit = Bits.Half(block.Scale);
        for (int g = 0; g < 8; g++)
        {
            int scale = Fit.Round(scales[g] * Fit.Inverse(unit), -32, 31);
            block.ScalesLow[g >> 1] |= (byte)((scale + 32 & 15) << (g & 1) * 4);
            block.ScalesHigh |= (ushort)(scale + 32 >> 4 << g * 2);
            float inverse = Fit.Inverse(unit * scale);
            for (int i = 0; i < 32; i++)
                block.Values[g * 16 + (i & 15)] |= (byte)(IQ4_NL.Nearest(values[32 * g + i] * inverse) << (i >> 4) * 4);
        }
    }

    public static void Unpack(Block* source, int groups, UnpackedBlock* target)
    {
        float d = Bits.Half(source->Scale);
        uint low = *(uint*)source->ScalesLow, high = source->ScalesHigh;
        for (int g = 0; g < 8; g++)
        {
            Nibbles.LookUp16(source->Values + g * 16, IQ4_NL.Table).Store(target->Values + g * 32);
            target->Scales[g] = d * (int)((low >> g * 4 & 15 | (high >> g * 2 & 3) << 4) - 32);
        }
    }
}
