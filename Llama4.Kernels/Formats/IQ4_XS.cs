using System.Runtime.CompilerServices;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) => Nibbles.LookUp16(source->Values + group * 16, IQ4_NL.Table);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups)
    {
        // In lane g a factor moves the bits of scale g to the top, a shift then to the bottom.
        Vector256<uint> low = Vector256.Create(*(uint*)source->ScalesLow) * Vector256.Create(1u << 28, 1 << 24, 1 << 20, 1 << 16, 1 << 12, 1 << 8, 1 << 4, 1);
        Vector256<uint> high = Vector256.Create((uint)source->ScalesHigh) * Vector256.Create(1u << 30, 1 << 28, 1 << 26, 1 << 24, 1 << 22, 1 << 20, 1 << 18, 1 << 16);
        Vector256<uint> scales = low >>> 28 | high >>> 30 << 4;
        return new(Vector256.ConvertToSingle(scales.AsInt32() - Vector256.Create(32)) * Bits.Halves(source->Scale).Low);
    }
}
