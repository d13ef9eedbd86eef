using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·(q − 16), q of 5 bits: the low four as in <see cref="Q4_0"/>, the fifth of number i in bit i of a 32-bit word.</summary>
readonly unsafe struct Q5_0 : IQuantisedFormat<Q5_0.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public ushort LowerHighBits, UpperHighBits; // two halves: a GPU loads whole numbers from multiples of their size only
        public fixed byte Values[16];

        public readonly uint HighBits => LowerHighBits | (uint)UpperHighBits << 16;
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
        return Bits.Half(block.Scale) * ((low | high) - 16);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        block.Scale = Bits.ToFiniteHalf(Fit.Scale(values, -16, 15));
        float inverse = Fit.Inverse(Bits.Half(block.Scale));
        uint highBits = 0;
        for (int i = 0; i < 32; i++)
        {
            int q = Fit.Round(values[i] * inverse, -16, 15) + 16;
            block.Values[i & 15] |= (byte)((q & 15) << (i >> 4) * 4);
            highBits |= (uint)(q >> 4) << i;
        }
        block.LowerHighBits = (ushort)highBits;
        block.UpperHighBits = (ushort)(highBits >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) =>
        Nibbles.Unpack16(source[group].Values) | Nibbles.FifthBits(source[group].HighBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) =>
        GroupFactors.Centred(Scales.Halves((byte*)source, sizeof(Block), groups), 16);
}
