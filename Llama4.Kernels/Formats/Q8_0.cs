using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·q, q a signed byte.</summary>
readonly unsafe struct Q8_0 : IQuantisedFormat<Q8_0.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public fixed sbyte Values[32];
    }

    public static int Length => 32;
    public static int Largest => 128;
    public static bool IsSigned => true;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => false;

    public static float Decode(ref readonly Block block, int index) => Bits.Half(block.Scale) * block.Values[index];

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        block.Scale = Bits.ToFiniteHalf(largest / 127);
        float inverse = Fit.Inverse(Bits.Half(block.Scale));
        for (int i = 0; i < 32; i++) block.Values[i] = (sbyte)Fit.Round(values[i] * inverse, -127, 127);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) => Vector256.Load((byte*)source[group].Values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) => new(Formats.Scales.Halves((byte*)source, sizeof(Block), groups));

    // The values of 8 groups, then their scales as halves [group][row].
    const int ScaleColumns = 64;

    public static bool HasColumns => true;
    public static bool HasIntegerColumns => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToColumns(Block* source, long rowBytes, int* columns)
    {
        var scales = (ushort*)(columns + ScaleColumns * Interleaved.Rows);
        for (int group = 0; group < Unpacking.Groups; group++, source++, columns += 8 * Interleaved.Rows, scales += Interleaved.Rows)
        {
            Interleaved.ToColumns((byte*)source->Values, rowBytes, columns, 8);
            Formats.Scales.EightHalves((byte*)source, rowBytes).Store(scales);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ColumnIntegers(int* columns, nint group, int step) => Interleaved.Column(columns + group * 64, step);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnFactors(int* columns, float* factors)
    {
        var scales = (ushort*)(columns + ScaleColumns * Interleaved.Rows);
        // From the end: the halves may lie where the first factors go.
        for (int i = Interleaved.FactorFloats - 8; i >= 0; i -= 8) Bits.Half(Vector128.Load(scales + i)).Store(factors + i);
    }
}
