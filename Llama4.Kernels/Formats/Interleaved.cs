using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>Weights of eight rows side by side, so that the lanes of a vector are rows.</summary>
static unsafe class Interleaved
{
    public const int Rows = 8;

    /// <summary>Integers of a group of 32.</summary>
    public const int GroupBytes = Rows * Unpacking.GroupLength;

    /// <summary>Floats of one kind of factor: 8 groups of 8 rows.</summary>
    public const int FactorFloats = Unpacking.Groups * Rows;

    /// <summary>Turns 8 rows of 8 numbers of 32 bits, <paramref name="stride"/> bytes apart, into 8 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(byte* source, long stride, byte* target)
    {
        (Vector256<int> c0, Vector256<int> c1, Vector256<int> c2, Vector256<int> c3) = FourColumns(source, stride);
        c0.Store((int*)target);
        c1.Store((int*)target + 8);
        c2.Store((int*)target + 16);
        c3.Store((int*)target + 24);
        (c0, c1, c2, c3) = FourColumns(source + 16, stride);
        c0.Store((int*)target + 32);
        c1.Store((int*)target + 40);
        c2.Store((int*)target + 48);
        c3.Store((int*)target + 56);
    }

    /// <summary>
    /// The same with two numbers in a byte: the columns of the low halves to <paramref name="low"/>, those of the high ones to
    /// <paramref name="high"/>. From 32 bytes of each row, or from 16 for <paramref name="columns"/> = 4.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransposeNibbles(byte* source, long stride, byte* low, byte* high, int columns = 8)
    {
        for (int column = 0; column < columns; column += 4, source += 16, low += 4 * 32, high += 4 * 32)
        {
            (Vector256<int> c0, Vector256<int> c1, Vector256<int> c2, Vector256<int> c3) = FourColumns(source, stride);
            StoreHalves(c0, low, high);
            StoreHalves(c1, low + 32, high + 32);
            StoreHalves(c2, low + 64, high + 64);
            StoreHalves(c3, low + 96, high + 96);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreHalves(Vector256<int> packed, byte* low, byte* high)
    {
        Nibbles.Field(packed.AsByte(), 0, 15).Store(low);
        Nibbles.Field(packed.AsByte(), 4, 15).Store(high);
    }

    /// <summary>The first four columns of 8 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<int> First, Vector256<int> Second, Vector256<int> Third, Vector256<int> Fourth) FourColumns(byte* source, long stride)
    {
        if (!Avx2.IsSupported)
            return (Column(source, stride), Column(source + 4, stride), Column(source + 8, stride), Column(source + 12, stride));
        // Rows i and i + 4 share a register from the start: what is left are two steps inside 128 bits.
        Vector256<int> r0 = TwoRows(source, 4 * stride), r1 = TwoRows(source + stride, 4 * stride);
        Vector256<int> r2 = TwoRows(source + 2 * stride, 4 * stride), r3 = TwoRows(source + 3 * stride, 4 * stride);
        Vector256<long> t0 = Avx2.UnpackLow(r0, r1).AsInt64(), t1 = Avx2.UnpackHigh(r0, r1).AsInt64();
        Vector256<long> t2 = Avx2.UnpackLow(r2, r3).AsInt64(), t3 = Avx2.UnpackHigh(r2, r3).AsInt64();
        return (Avx2.UnpackLow(t0, t2).AsInt32(), Avx2.UnpackHigh(t0, t2).AsInt32(), Avx2.UnpackLow(t1, t3).AsInt32(), Avx2.UnpackHigh(t1, t3).AsInt32());
    }

    /// <summary>
    /// Factors of a block of the first <paramref name="rows"/> of eight rows: scales, offsets, and where a format has them those of the second halves,
    /// [kind][group][row]. Those of missing rows and groups are 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Factors<TFormat, TBlock>(TBlock* source, long rowBytes, int rows, int groups, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        float* byRow = stackalloc float[4 * FactorFloats];
        for (int row = 0; row < Rows; row++)
        {
            GroupFactors factors = row < rows ? TFormat.Factors((TBlock*)((byte*)source + row * rowBytes), groups) : default;
            factors.Scales.Store(byRow + row * 8);
            if (TFormat.HasOffsets) factors.Offsets.Store(byRow + FactorFloats + row * 8);
            if (!TFormat.HasHalfScales) continue;
            factors.ScalesHigh.Store(byRow + 2 * FactorFloats + row * 8);
            factors.OffsetsHigh.Store(byRow + 3 * FactorFloats + row * 8);
        }
        int kinds = TFormat.HasHalfScales ? 4 : TFormat.HasOffsets ? 2 : 1;
        for (int kind = 0; kind < kinds; kind++)
            Transpose((byte*)(byRow + kind * FactorFloats), 8 * sizeof(float), (byte*)(target + kind * FactorFloats));
    }

    static Vector256<int> TwoRows(byte* lower, long distance) => Vector256.Create(Vector128.Load((int*)lower), Vector128.Load((int*)(lower + distance)));

    static Vector256<int> Column(byte* source, long stride)
    {
        Vector256<int> column = default;
        for (int row = 0; row < Rows; row++) column = column.WithElement(row, *(int*)(source + row * stride));
        return column;
    }
}
