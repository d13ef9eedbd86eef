using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·q + m, q of 4 bits. Byte j holds number j in its low half and number j + 16 in its high half.</summary>
readonly unsafe struct Q4_1 : IQuantisedFormat<Q4_1.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public ushort Offset; // m, half
        public fixed byte Values[16];
    }

    public static int Length => 32;
    public static int Largest => 15;
    public static bool IsSigned => false;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index) =>
        Bits.Half(block.Scale) * (block.Values[index & 15] >> (index >> 4) * 4 & 15) + Bits.Half(block.Offset);

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        (float scale, float offset) = Fit.ScaleAndOffset(values, 15, anySign: true);
        block.Scale = Bits.ToFiniteHalf(scale);
        block.Offset = Bits.ToFiniteHalf(offset);
        float inverse = Fit.Inverse(Bits.Half(block.Scale)), start = Bits.Half(block.Offset);
        for (int i = 0; i < 32; i++) block.Values[i & 15] |= (byte)(Fit.Round((values[i] - start) * inverse, 0, 15) << (i >> 4) * 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) => Nibbles.Unpack16(source[group].Values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) =>
        new(Scales.Halves((byte*)source, sizeof(Block), groups), Scales.Halves((byte*)source + 2, sizeof(Block), groups));
}
