using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 numbers in 16 groups of 16: d·(scale − 32)·(q − 4), scale of 6 bits, q of 3. The low two bits of number i are in byte i mod 32 of its 128,
/// pair of bits i / 32 mod 4; its third bit is bit i / 32 of byte i mod 32 of HighBits.
/// Scale j has its low four bits in byte j mod 8, half j / 8, and its upper two in byte 8 + j mod 4, pair of bits j / 4.
/// </summary>
readonly unsafe struct Q3_K : IQuantisedFormat<Q3_K.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public fixed byte HighBits[32];
        public fixed byte Low[64];
        public fixed byte Scales[12];
        public ushort Scale; // d, half
    }

    public static int Length => 256;
    public static int Largest => 7;
    public static bool IsSigned => false;
    public static bool HasHalfScales => true;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index)
    {
        int j = index >> 4;
        int scale = block.Scales[j & 7] >> (j >> 3) * 4 & 15 | (block.Scales[8 + (j & 3)] >> (j >> 2) * 2 & 3) << 4;
        int low = block.Low[(index >> 7) * 32 + (index & 31)] >> (index >> 5 & 3) * 2 & 3;
        int high = block.HighBits[index & 31] >> (index >> 5) & 1;
        return Bits.Half(block.Scale) * (scale - 32) * ((low | high << 2) - 4);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        Span<float> scales = stackalloc float[16];
        for (int j = 0; j < 16; j++) scales[j] = Fit.Scale(values.Slice(16 * j, 16), -4, 3);
        float largest = 0;
        foreach (float scale in scales)
            if (Math.Abs(scale) > Math.Abs(largest)) largest = scale;
        block.Scale = Bits.ToFiniteHalf(largest / -32);
        float unit = Bits.Half(block.Scale);
        for (int j = 0; j < 16; j++)
        {
            int scale = Fit.Round(scales[j] * Fit.Inverse(unit), -32, 31);
            block.Scales[j & 7] |= (byte)((scale + 32 & 15) << (j >> 3) * 4);
            block.Scales[8 + (j & 3)] |= (byte)(scale + 32 >> 4 << (j >> 2) * 2);
            float inverse = Fit.Inverse(unit * scale);
            for (int i = 16 * j; i < 16 * j + 16; i++)
            {
                int q = Fit.Round(values[i] * inverse, -4, 3) + 4;
                block.Low[(i >> 7) * 32 + (i & 31)] |= (byte)((q & 3) << (i >> 5 & 3) * 2);
                block.HighBits[i & 31] |= (byte)(q >> 2 << (i >> 5));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group)
    {
        Vector256<byte> low = Nibbles.Field(Vector256.Load(source->Low + (group >> 2) * 32), (group & 3) * 2, 3);
        Vector256<byte> high = Nibbles.Field(Vector256.Load(source->HighBits), group, 1);
        return low | (high.AsUInt16() << 2).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups)
    {
        const ulong Four = 0x0F0F0F0F0F0F0F0F;
        const uint Two = 0x03030303;
        ulong low = *(ulong*)source->Scales;
        uint high = *(uint*)(source->Scales + 8);
        ulong first = low & Four | (ulong)(high & Two) << 4 | (ulong)(high >> 2 & Two) << 36;
        ulong second = low >> 4 & Four | (ulong)(high >> 4 & Two) << 4 | (ulong)(high >> 6 & Two) << 36;
        Vector128<sbyte> scales = Vector128.Create(first, second).AsSByte() - Vector128.Create((sbyte)32);
        (Vector256<float> even, Vector256<float> odd) = Formats.Scales.EvenAndOdd(scales);
        Vector256<float> d = Bits.Halves(source->Scale).Low;
        return GroupFactors.Centred(even * d, odd * d, 4);
    }
}
