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

    public static bool HasColumns => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToColumns(Block* source, long rowBytes, int* columns) => Interleaved.ToColumns((byte*)source, rowBytes, columns, sizeof(Block) / sizeof(int));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ColumnIntegers(int* columns, nint group, int step) => Nibbles.Join(
        Interleaved.Column(columns + (group >> 1) * 64, 12 + step), (int)(group & 1) * 4, Interleaved.Column(columns, 4 + step), (int)group, 31);

    public static void ColumnFactors(int* columns, float* factors) => KScales.ColumnFactors(columns, factors);
}
