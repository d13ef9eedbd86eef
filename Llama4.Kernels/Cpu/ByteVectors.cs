using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu;

/// <summary>Integer vectors of the byte kernels. All of it is exact, so the ways with and without AVX2 agree.</summary>
/// <remarks>The portable ways are methods of their own: the compiler counts the whole text of a method against what it still inlines.</remarks>
static unsafe class ByteVectors
{
    /// <summary>Sums of neighbouring products: 16-bit lane i = u[2i]·s[2i] + u[2i+1]·s[2i+1]. The sums must fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> MultiplyPairs(Vector256<byte> u, Vector256<sbyte> s) =>
        Avx2.IsSupported ? Avx2.MultiplyAddAdjacent(u, s) : MultiplyPairsPortably(u, s);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> MultiplyPairsPortably(Vector256<byte> u, Vector256<sbyte> s)
    {
        Vector256<short> lower = Vector256.WidenLower(u).AsInt16() * Vector256.WidenLower(s);
        Vector256<short> upper = Vector256.WidenUpper(u).AsInt16() * Vector256.WidenUpper(s);
        return Vector256.Narrow(AddPairs(lower), AddPairs(upper));
    }

    /// <summary>32-bit lane i = v[2i] + v[2i+1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddPairs(Vector256<short> v) =>
        Avx2.IsSupported ? Avx2.MultiplyAddAdjacent(v, Vector256.Create((short)1)) : AddPairsPortably(v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddPairsPortably(Vector256<short> v) => (v.AsInt32() << 16 >> 16) + (v.AsInt32() >> 16);

    /// <summary>v where sign is not negative, −v where it is; anything where it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> WithSign(Vector256<sbyte> v, Vector256<sbyte> sign) =>
        Avx2.IsSupported ? Avx2.Sign(v, sign) : WithSignPortably(v, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> WithSignPortably(Vector256<sbyte> v, Vector256<sbyte> sign)
    {
        Vector256<sbyte> negative = sign >> 7;
        return (v ^ negative) - negative;
    }

    /// <summary>
    /// Lane g of Low is the sum of the lower four lanes of vector g, of High that of its upper four.
    /// </summary>
    /// <param name="largest">Largest magnitude of a lane: sums that fit into 16 bits are added in fewer operations.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<int> Low, Vector256<int> High) HalfSums(
        int largest, Vector256<int> p0, Vector256<int> p1, Vector256<int> p2, Vector256<int> p3,
        Vector256<int> p4, Vector256<int> p5, Vector256<int> p6, Vector256<int> p7)
    {
        if (!Avx2.IsSupported) return HalfSumsPortably(p0, p1, p2, p3, p4, p5, p6, p7);
        Vector256<int> first = Quarter(largest, p0, p1, p2, p3), second = Quarter(largest, p4, p5, p6, p7);
        return (Avx2.Permute2x128(first, second, 0x20), Avx2.Permute2x128(first, second, 0x31));
    }

    static (Vector256<int> Low, Vector256<int> High) HalfSumsPortably(
        Vector256<int> p0, Vector256<int> p1, Vector256<int> p2, Vector256<int> p3,
        Vector256<int> p4, Vector256<int> p5, Vector256<int> p6, Vector256<int> p7) =>
        (Vector256.Create(Lower(p0), Lower(p1), Lower(p2), Lower(p3), Lower(p4), Lower(p5), Lower(p6), Lower(p7)),
            Vector256.Create(Upper(p0), Upper(p1), Upper(p2), Upper(p3), Upper(p4), Upper(p5), Upper(p6), Upper(p7)));

    /// <summary>In each half: the sums of the four lanes of a, b, c, d.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Quarter(int largest, Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        if (2 * largest <= short.MaxValue) return Narrow(Narrow(a, b), Narrow(c, d));
        if (largest <= short.MaxValue) return Avx2.HorizontalAdd(Narrow(a, b), Narrow(c, d));
        Vector256<long> ab = (Avx2.UnpackLow(a, b) + Avx2.UnpackHigh(a, b)).AsInt64();
        Vector256<long> cd = (Avx2.UnpackLow(c, d) + Avx2.UnpackHigh(c, d)).AsInt64();
        return Avx2.UnpackLow(ab, cd).AsInt32() + Avx2.UnpackHigh(ab, cd).AsInt32();
    }

    /// <summary>In each half: sums of neighbouring lanes of a, then of b, all of which fit into 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Narrow(Vector256<int> a, Vector256<int> b) => AddPairs(Avx2.PackSignedSaturate(a, b));

    static int Lower(Vector256<int> v) => Vector128.Sum(v.GetLower());

    static int Upper(Vector256<int> v) => Vector128.Sum(v.GetUpper());
}
