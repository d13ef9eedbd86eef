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

    public static void Unpack(Block* source, int groups, UnpackedBlock* target)
    {
        for (int g = 0; g < 8; g++)
            Nibbles.Field(Vector256.Load(source->Values + (g >> 2) * 32), (g & 3) * 2, 3).Store(target->Values + g * 32);
        Vector128<byte> packed = Vector128.Load(source->Scales);
        (Vector256<float> even, Vector256<float> odd) = Scales.EvenAndOdd((packed & Vector128.Create((byte)15)).AsSByte());
        float d = Bits.Half(source->Scale), dmin = Bits.Half(source->MinimumScale);
        (even * d).Store(target->Scales);
        (odd * d).Store(target->ScalesHigh);
        (even, odd) = Scales.EvenAndOdd((packed >>> 4).AsSByte());
        (even * -dmin).Store(target->Offsets);
        (odd * -dmin).Store(target->OffsetsHigh);
    }
}
