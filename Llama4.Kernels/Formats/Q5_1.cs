using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·q + m, q of 5 bits laid out as in <see cref="Q5_0"/>.</summary>
readonly unsafe struct Q5_1 : IQuantisedFormat<Q5_1.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public ushort Offset; // m, half
        public uint HighBits;
        public fixed byte Values[16];
    }

    public static int Length => 32;
    public static int Largest => 31;
    public static bool IsSigned => false;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index)
    {
        int low = block.Values[index & 15] >> (index >> 4) * 4 & 15;
        int high = (int)(block.HighBits >> index & 1) << 4;
        return Bits.Half(block.Scale) * (low | high) + Bits.Half(block.Offset);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        (float scale, float offset) = Fit.ScaleAndOffset(values, 31, anySign: true);
        block.Scale = Bits.ToFiniteHalf(scale);
        block.Offset = Bits.ToFiniteHalf(offset);
        float inverse = Fit.Inverse(Bits.Half(block.Scale)), start = Bits.Half(block.Offset);
        for (int i = 0; i < 32; i++)
        {
            int q = Fit.Round((values[i] - start) * inverse, 0, 31);
            block.Values[i & 15] |= (byte)((q & 15) << (i >> 4) * 4);
            block.HighBits |= (uint)(q >> 4) << i;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) =>
        Nibbles.Unpack16(source[group].Values) | Nibbles.FifthBits(source[group].HighBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) =>
        new(Scales.Halves((byte*)source, sizeof(Block), groups), Scales.Halves((byte*)source + 2, sizeof(Block), groups));
}
