using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 numbers in 16 groups of 16: d·scale·q − dmin·minimum, q of 2 bits; scale and minimum are the low and the high half of a byte.
/// q of number i is in byte i mod 32 of its 128, pair of bits i / 32 mod 4.
/// </summary>
readonly unsafe struct Q2_K : IQuantisedFormat<Q2_K.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public fixed byte Scales[16];
        public fixed byte Values[64];
        public ushort Scale; // d, half
        public ushort MinimumScale; // dmin, half
    }

    public static int Length => 256;
    public static int Largest => 3;
    public static bool IsSigned => false;
    public static bool HasHalfScales => true;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index)
    {
        int scales = block.Scales[index >> 4];
        int q = block.Values[(index >> 7) * 32 + (index & 31)] >> (index >> 5 & 3) * 2 & 3;
        return Bits.Half(block.Scale) * (scales & 15) * q - Bits.Half(block.MinimumScale) * (scales >> 4);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        Span<float> scales = stackalloc float[16], minima = stackalloc float[16];
        float largestScale = 0, largestMinimum = 0;
        for (int j = 0; j < 16; j++)
        {
            (scales[j], float offset) = Fit.ScaleAndOffset(values.Slice(16 * j, 16), 3, anySign: false);
            minima[j] = -offset;
            largestScale = Math.Max(largestScale, scales[j]);
            largestMinimum = Math.Max(largestMinimum, minima[j]);
        }
        block.Scale = Bits.ToFiniteHalf(largestScale / 15);
        block.MinimumScale = Bits.ToFiniteHalf(largestMinimum / 15);
        float unit = Bits.Half(block.Scale), minimumUnit = Bits.Half(block.MinimumScale);
        for (int j = 0; j < 16; j++)
        {
            int scale = Fit.Round(scales[j] * Fit.Inverse(unit), 0, 15), minimum = Fit.Round(minima[j] * Fit.Inverse(minimumUnit), 0, 15);
            block.Scales[j] = (byte)(scale | minimum << 4);
            float inverse = Fit.Inverse(unit * scale);
            for (int i = 16 * j; i < 16 * j + 16; i++)
            {
                int q = Fit.Round((values[i] + minimumUnit * minimum) * inverse, 0, 3);
                block.Values[(i >> 7) * 32 + (i & 31)] |= (byte)(q << (i >> 5 & 3) * 2);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) =>
        Nibbles.Field(Vector256.Load(source->Values + (group >> 2) * 32), (group & 3) * 2, 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups)
    {
        Vector128<byte> packed = Vector128.Load(source->Scales);
        (Vector256<float> even, Vector256<float> odd) = Formats.Scales.EvenAndOdd((packed & Vector128.Create((byte)15)).AsSByte());
        (Vector256<float> evenMinimum, Vector256<float> oddMinimum) = Formats.Scales.EvenAndOdd((packed >>> 4).AsSByte());
        (Vector256<float> d, Vector256<float> dmin) = Bits.Halves(*(uint*)&source->Scale);
        return new(even * d, evenMinimum * -dmin, odd * d, oddMinimum * -dmin);
    }
}
