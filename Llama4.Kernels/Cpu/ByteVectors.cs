using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu;

/// <summary>Integer vectors of the byte kernels. All of it is exact, so the ways with and without AVX2 agree.</summary>
static unsafe class ByteVectors
{
    /// <summary>Sums of neighbouring products: 16-bit lane i = u[2i]·s[2i] + u[2i+1]·s[2i+1]. The sums must fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> MultiplyPairs(Vector256<byte> u, Vector256<sbyte> s)
    {
        if (Avx2.IsSupported) return Avx2.MultiplyAddAdjacent(u, s);
        Vector256<short> lower = Vector256.WidenLower(u).AsInt16() * Vector256.WidenLower(s);
        Vector256<short> upper = Vector256.WidenUpper(u).AsInt16() * Vector256.WidenUpper(s);
        return Vector256.Narrow(AddPairs(lower), AddPairs(upper));
    }

    /// <summary>32-bit lane i = v[2i] + v[2i+1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddPairs(Vector256<short> v) =>
        Avx2.IsSupported ? Avx2.MultiplyAddAdjacent(v, Vector256.Create((short)1)) : (v.AsInt32() << 16 >> 16) + (v.AsInt32() >> 16);

    /// <summary>v where sign is not negative, −v where it is; anything where it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> WithSign(Vector256<sbyte> v, Vector256<sbyte> sign)
    {
        if (Avx2.IsSupported) return Avx2.Sign(v, sign);
        Vector256<sbyte> negative = sign >> 7;
        return (v ^ negative) - negative;
    }

    /// <summary>
    /// Lane g of Low is the sum of the lower four lanes of vector g, of High that of its upper four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<int> Low, Vector256<int> High) HalfSums(
        Vector256<int> p0, Vector256<int> p1, Vector256<int> p2, Vector256<int> p3,
        Vector256<int> p4, Vector256<int> p5, Vector256<int> p6, Vector256<int> p7)
    {
        if (!Avx2.IsSupported)
            return (Vector256.Create(Lower(p0), Lower(p1), Lower(p2), Lower(p3), Lower(p4), Lower(p5), Lower(p6), Lower(p7)),
                Vector256.Create(Upper(p0), Upper(p1), Upper(p2), Upper(p3), Upper(p4), Upper(p5), Upper(p6), Upper(p7)));
        Vector256<int> first = Quarter(p0, p1, p2, p3), second = Quarter(p4, p5, p6, p7);
        return (Avx2.Permute2x128(first, second, 0x20), Avx2.Permute2x128(first, second, 0x31));
    }

    /// <summary>Turns 8 rows of 8 numbers of 32 bits, <paramref name="stride"/> bytes apart, into 8 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(byte* source, int stride, byte* target)
    {
        if (!Avx2.IsSupported)
        {
            for (int row = 0; row < 8; row++)
                for (int column = 0; column < 8; column++)
                    ((int*)target)[column * 8 + row] = ((int*)(source + row * stride))[column];
            return;
        }
        // Row i and i + 4 share a register from the start: what is left are two steps inside 128 bits.
        TransposeHalf(source, stride, target);
        TransposeHalf(source + 16, stride, target + 128);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void TransposeHalf(byte* source, int stride, byte* target)
    {
        Vector256<int> r0 = Rows(source, 4 * stride), r1 = Rows(source + stride, 4 * stride);
        Vector256<int> r2 = Rows(source + 2 * stride, 4 * stride), r3 = Rows(source + 3 * stride, 4 * stride);
        Vector256<long> t0 = Avx2.UnpackLow(r0, r1).AsInt64(), t1 = Avx2.UnpackHigh(r0, r1).AsInt64();
        Vector256<long> t2 = Avx2.UnpackLow(r2, r3).AsInt64(), t3 = Avx2.UnpackHigh(r2, r3).AsInt64();
        Avx2.UnpackLow(t0, t2).Store((long*)target);
        Avx2.UnpackHigh(t0, t2).Store((long*)(target + 32));
        Avx2.UnpackLow(t1, t3).Store((long*)(target + 64));
        Avx2.UnpackHigh(t1, t3).Store((long*)(target + 96));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Rows(byte* lower, int distance) => Vector256.Create(Vector128.Load((int*)lower), Vector128.Load((int*)(lower + distance)));

    /// <summary>In each half: the sums of the four lanes of a, b, c, d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Quarter(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        Vector256<long> ab = (Avx2.UnpackLow(a, b) + Avx2.UnpackHigh(a, b)).AsInt64();
        Vector256<long> cd = (Avx2.UnpackLow(c, d) + Avx2.UnpackHigh(c, d)).AsInt64();
        return Avx2.UnpackLow(ab, cd).AsInt32() + Avx2.UnpackHigh(ab, cd).AsInt32();
    }

    static int Lower(Vector256<int> v) => Vector128.Sum(v.GetLower());

    static int Upper(Vector256<int> v) => Vector128.Sum(v.GetUpper());
}
