using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·(q − 8), q of 4 bits. Byte j holds number j in its low half and number j + 16 in its high half.</summary>
readonly unsafe struct Q4_0 : IQuantisedFormat<Q4_0.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public fixed byte Values[16];
    }

    public static int Length => 32;
    public static int Largest => 15;
    public static bool IsSigned => false;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index) =>
        Bits.Half(block.Scale) * ((block.Values[index & 15] >> (index >> 4) * 4 & 15) - 8);

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        block.Scale = Bits.ToFiniteHalf(Fit.Scale(values, -8, 7));
        float inverse = Fit.Inverse(Bits.Half(block.Scale));
        for (int i = 0; i < 32; i++) block.Values[i & 15] |= (byte)(Fit.Round(values[i] * inverse, -8, 7) + 8 << (i >> 4) * 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) => Nibbles.Unpack16(source[group].Values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) =>
        GroupFactors.Centred(Scales.Halves((byte*)source, sizeof(Block), groups), 8);

    // The values of 8 groups, then their scales as halves [group][row].
    const int ScaleColumns = 32;

    public static bool HasColumns => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToColumns(Block* source, long rowBytes, int* columns)
    {
        var scales = (ushort*)(columns + ScaleColumns * Interleaved.Rows);
        for (int group = 0; group < Unpacking.Groups; group++, source++, columns += 4 * Interleaved.Rows, scales += Interleaved.Rows)
        {
            Interleaved.ToColumns(source->Values, rowBytes, columns, 4);
            Scales.EightHalves((byte*)source, rowBytes).Store(scales);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ColumnIntegers(int* columns, nint group, int step) =>
        Nibbles.Field(Interleaved.Column(columns + group * 32, step & 3), (step >> 2) * 4, 15);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnFactors(int* columns, float* factors)
    {
        var halves = (ushort*)(columns + ScaleColumns * Interleaved.Rows);
        for (int i = 0; i < Interleaved.FactorFloats; i += 8)
        {
            Vector256<float> scales = Bits.Half(Vector128.Load(halves + i));
            scales.Store(factors + i);
            (scales * -8f).Store(factors + Interleaved.FactorFloats + i);
        }
    }
}
