using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 numbers in 8 groups of 32: d·scale·q − dmin·minimum, q of 4 bits, scale and minimum of 6 (<see cref="KScales"/>).
/// Of each 64 numbers, 32 bytes hold the first 32 in their low and the others in their high halves.
/// </summary>
readonly unsafe struct Q4_K : IQuantisedFormat<Q4_K.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public ushort MinimumScale; // dmin, half
        public fixed byte Scales[KScales.Bytes];
        public fixed byte Values[128];
    }

    public static int Length => 256;
    public static int Largest => 15;
    public static bool IsSigned => false;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index)
    {
        int group = index >> 5, a = block.Scales[group & 3], b = block.Scales[4 + (group & 3)], c = block.Scales[8 + (group & 3)];
        int q = block.Values[(group >> 1) * 32 + (index & 31)] >> (group & 1) * 4 & 15;
        return Bits.Half(block.Scale) * KScales.Scale(group, a, c) * q - Bits.Half(block.MinimumScale) * KScales.Minimum(group, b, c);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        Span<byte> integers = stackalloc byte[256];
        fixed (byte* scales = block.Scales) KScales.Encode(values, 15, out block.Scale, out block.MinimumScale, scales, integers);
        for (int i = 0; i < 256; i++)
            block.Values[(i >> 6) * 32 + (i & 31)] |= (byte)(integers[i] << (i >> 5 & 1) * 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) =>
        Nibbles.Field(Vector256.Load(source->Values + (group >> 1) * 32), (group & 1) * 4, 15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) => KScales.Factors(source->Scales, &source->Scale);

    public static bool HasColumns => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToColumns(Block* source, long rowBytes, int* columns) => Interleaved.ToColumns((byte*)source, rowBytes, columns, sizeof(Block) / sizeof(int));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ColumnIntegers(int* columns, nint group, int step) =>
        Nibbles.FieldAt(Interleaved.Column(columns + (group >> 1) * 64, 4 + step), (int)(group & 1) * 4, 15);

    public static void ColumnFactors(int* columns, float* factors) => KScales.ColumnFactors(columns, factors);
}
