using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>Weights of eight rows side by side, so that the lanes of a vector are rows.</summary>
static unsafe class Interleaved
{
    public const int Rows = 8;

    /// <summary>Bytes of 256 numbers of eight rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int UnitBytes<TFormat, TBlock>()
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged => Rows * (Unpacking.Length / TFormat.Length) * sizeof(TBlock);

    /// <summary>Floats of one kind of factor: 8 groups of 8 rows.</summary>
    public const int FactorFloats = Unpacking.Groups * Rows;

    /// <summary>Brings <paramref name="count"/> numbers of 32 bits, a multiple of 4, of each of 8 rows into columns.</summary>
    /// <param name="distance">Numbers from a column to the next.</param>
    /// <param name="flipped">Bits to turn in every number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToColumns(byte* source, long stride, int* columns, int count, int distance = Rows, int flipped = 0)
    {
        var flip = Vector256.Create(flipped);
        for (int i = 0; i < count; i += 4, source += 16, columns += 4 * distance)
        {
            (Vector256<int> c0, Vector256<int> c1, Vector256<int> c2, Vector256<int> c3) = FourColumns(source, stride);
            (c0 ^ flip).Store(columns);
            (c1 ^ flip).Store(columns + distance);
            (c2 ^ flip).Store(columns + 2 * distance);
            (c3 ^ flip).Store(columns + 3 * distance);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Column(int* columns, nint index) => Vector256.Load((byte*)columns + index * 32);

    /// <summary>The first four columns of 8 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<int> First, Vector256<int> Second, Vector256<int> Third, Vector256<int> Fourth) FourColumns(byte* source, long stride)
    {
        if (!Avx2.IsSupported)
            return (ColumnPortably(source, stride), ColumnPortably(source + 4, stride), ColumnPortably(source + 8, stride), ColumnPortably(source + 12, stride));
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
            ToColumns((byte*)(byRow + kind * FactorFloats), 8 * sizeof(float), (int*)(target + kind * FactorFloats), 8);
    }

    static Vector256<int> TwoRows(byte* lower, long distance) => Vector256.Create(Vector128.Load((int*)lower), Vector128.Load((int*)(lower + distance)));

    static Vector256<int> ColumnPortably(byte* source, long stride)
    {
        Vector256<int> column = default;
        for (int row = 0; row < Rows; row++) column = column.WithElement(row, *(int*)(source + row * stride));
        return column;
    }
}
