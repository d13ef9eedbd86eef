using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary><see cref="Q4_K"/> with a fifth bit: that of number l of group g is bit g of byte l of HighBits.</summary>
readonly unsafe struct Q5_K : IQuantisedFormat<Q5_K.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public ushort MinimumScale; // dmin, half
        public fixed byte Scales[KScales.Bytes];
        public fixed byte HighBits[32];
        public fixed byte Values[128];
    }

    public static int Length => 256;
    public static int Largest => 31;
    public static bool IsSigned => false;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index)
    {
        int group = index >> 5, a = block.Scales[group & 3], b = block.Scales[4 + (group & 3)], c = block.Scales[8 + (group & 3)];
        int q = block.Values[(group >> 1) * 32 + (index & 31)] >> (group & 1) * 4 & 15;
        q |= (block.HighBits[index & 31] >> group & 1) << 4;
        return Bits.Half(block.Scale) * KScales.Scale(group, a, c) * q - Bits.Half(block.MinimumScale) * KScales.Minimum(group, b, c);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        Span<byte> integers = stackalloc byte[256];
        fixed (byte* scales = block.Scales) KScales.Encode(values, 31, out block.Scale, out block.MinimumScale, scales, integers);
        for (int i = 0; i < 256; i++)
        {
            block.Values[(i >> 6) * 32 + (i & 31)] |= (byte)((integers[i] & 15) << (i >> 5 & 1) * 4);
            block.HighBits[i & 31] |= (byte)(integers[i] >> 4 << (i >> 5));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group)
    {
        Vector256<byte> low = Nibbles.Field(Vector256.Load(source->Values + (group >> 1) * 32), (group & 1) * 4, 15);
        Vector256<byte> high = Nibbles.Field(Vector256.Load(source->HighBits), group, 1);
        return low | (high.AsUInt16() << 4).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) => KScales.Factors(source->Scales, &source->Scale);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryInterleaveEight(Block* source, long rowBytes, byte* integers, float* factors)
    {
        byte* high = stackalloc byte[Interleaved.GroupBytes];
        Interleaved.Transpose(source->HighBits, rowBytes, high);
        for (int group = 0; group < Unpacking.Groups; group += 2, integers += 2 * Interleaved.GroupBytes)
        {
            Interleaved.TransposeNibbles(source->Values + group * 16, rowBytes, integers, integers + Interleaved.GroupBytes);
            for (int i = 0; i < Interleaved.GroupBytes; i += 32)
            {
                Vector256<byte> bits = Vector256.Load(high + i);
                AddFifthBit(integers + i, bits, group);
                AddFifthBit(integers + Interleaved.GroupBytes + i, bits, group + 1);
            }
        }
        KScales.FactorsOfEight((byte*)source, rowBytes, factors);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddFifthBit(byte* integers, Vector256<byte> bits, int group) =>
        (Vector256.Load(integers) | (Nibbles.Field(bits, group, 1).AsUInt16() << 4).AsByte()).Store(integers);
}
