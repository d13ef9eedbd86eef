using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// Eight scales and eight minima of 6 bits in 12 bytes, as Q4_K and Q5_K have them. With a, b, c the bytes j mod 4, 4 + j mod 4 and 8 + j mod 4:
/// for j &lt; 4 the scale is the low six bits of a and the minimum those of b; for the others c holds their low four bits, a and b the upper two.
/// </summary>
static unsafe class KScales
{
    public const int Bytes = 12;
    public const int Largest = 63;

    public static int Scale(int j, int a, int c) => j < 4 ? a & 63 : c & 15 | a >> 6 << 4;

    public static int Minimum(int j, int b, int c) => j < 4 ? b & 63 : c >> 4 | b >> 6 << 4;

    public static void Pack(ReadOnlySpan<int> scales, ReadOnlySpan<int> minima, byte* target)
    {
        for (int j = 0; j < 4; j++)
        {
            target[j] = (byte)(scales[j] | scales[j + 4] >> 4 << 6);
            target[j + 4] = (byte)(minima[j] | minima[j + 4] >> 4 << 6);
            target[j + 8] = (byte)(scales[j + 4] & 15 | (minima[j + 4] & 15) << 4);
        }
    }

    /// <summary>Scales d · scale and offsets −dmin · minimum; d and dmin are two halves at <paramref name="units"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(byte* source, ushort* units)
    {
        // The first four scales and minima in one word, the last four in another: as 16 bytes, with the middle words swapped, scales and minima.
        ulong ab = *(ulong*)source, c = *(uint*)(source + 8);
        ulong first = ab & 0x3F3F3F3F3F3F3F3F;
        ulong last = (c | c << 28) & 0x0F0F0F0F0F0F0F0F | ab >> 2 & 0x3030303030303030;
        Vector128<uint> integers = Vector128.Shuffle(Vector128.Create(first, last).AsUInt32(), Vector128.Create(0u, 2, 1, 3));
        (Vector256<float> d, Vector256<float> dmin) = Bits.Halves(*(uint*)units);
        return new(
            Scales.Bytes(integers.AsByte()) * d,
            Scales.Bytes(Vector128.Shuffle(integers, Vector128.Create(2u, 3, 2, 3)).AsByte()) * -dmin);
    }

    /// <summary>The same from columns of eight rows that begin with d, dmin and the scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnFactors(int* columns, float* target)
    {
        Vector256<int> units = Interleaved.Column(columns, 0).AsInt32(), a = Interleaved.Column(columns, 1).AsInt32();
        Vector256<int> b = Interleaved.Column(columns, 2).AsInt32(), c = Interleaved.Column(columns, 3).AsInt32();
        Vector256<float> d = Bits.Half(units << 16 >> 16), dmin = -Bits.Half(units >> 16);
        Vector256<int> six = Vector256.Create(0x3F3F3F3F), four = Vector256.Create(0x0F0F0F0F), two = Vector256.Create(0x30303030);
        StoreBytes(a & six, d, target);
        StoreBytes(c & four | a >> 2 & two, d, target + 4 * Interleaved.Rows);
        StoreBytes(b & six, dmin, target + Interleaved.FactorFloats);
        StoreBytes(c >> 4 & four | b >> 2 & two, dmin, target + Interleaved.FactorFloats + 4 * Interleaved.Rows);
    }

    /// <summary>The four unsigned bytes of each row times its factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreBytes(Vector256<int> bytes, Vector256<float> factor, float* target)
    {
        Vector256<int> low = Vector256.Create(0xFF);
        (Vector256.ConvertToSingle(bytes & low) * factor).Store(target);
        (Vector256.ConvertToSingle(bytes >> 8 & low) * factor).Store(target + 8);
        (Vector256.ConvertToSingle(bytes >> 16 & low) * factor).Store(target + 16);
        (Vector256.ConvertToSingle(bytes >> 24 & low) * factor).Store(target + 24);
    }

    /// <summary>
    /// Chooses d, dmin and the integers for 256 values whose integers reach from 0 to <paramref name="high"/>.
    /// </summary>
    public static void Encode(ReadOnlySpan<float> values, int high, out ushort d, out ushort dmin, byte* packed, Span<byte> integers)
    {
        Span<float> scales = stackalloc float[8], minima = stackalloc float[8];
        float largestScale = 0, largestMinimum = 0;
        for (int j = 0; j < 8; j++)
        {
            (scales[j], float offset) = Fit.ScaleAndOffset(values.Slice(32 * j, 32), high, anySign: false);
            minima[j] = -offset;
            largestScale = Math.Max(largestScale, scales[j]);
            largestMinimum = Math.Max(largestMinimum, minima[j]);
        }
        d = Bits.ToFiniteHalf(largestScale / Largest);
        dmin = Bits.ToFiniteHalf(largestMinimum / Largest);
        float unit = Bits.Half(d), minimumUnit = Bits.Half(dmin);
        Span<int> scaleIntegers = stackalloc int[8], minimumIntegers = stackalloc int[8];
        for (int j = 0; j < 8; j++)
        {
            scaleIntegers[j] = Fit.Round(scales[j] * Fit.Inverse(unit), 0, Largest);
            minimumIntegers[j] = Fit.Round(minima[j] * Fit.Inverse(minimumUnit), 0, Largest);
            float inverse = Fit.Inverse(unit * scaleIntegers[j]), minimum = minimumUnit * minimumIntegers[j];
            for (int i = 32 * j; i < 32 * j + 32; i++)
                integers[i] = (byte)Fit.Round((values[i] + minimum) * inverse, 0, high);
        }
        Pack(scaleIntegers, minimumIntegers, packed);
    }
}
