using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Products of signed bytes in 128 bits: instructions of AdvSIMD, or what they do. All of it is exact.</summary>
static class SignedBytes
{
    /// <summary>32-bit lane i of c, plus the four products of the bytes there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddFours(Vector128<int> c, Vector128<sbyte> a, Vector128<sbyte> b) =>
        Dp.IsSupported ? Dp.DotProduct(c, a, b) : c + Fours(Vector128.WidenLower(a), Vector128.WidenUpper(a), b);

    /// <summary>Sums of neighbouring products: 16-bit lane i = a[2i]·b[2i] + a[2i+1]·b[2i+1]. The sums must fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyPairs(Vector128<sbyte> a, Vector128<sbyte> b) => AdvSimd.Arm64.IsSupported
        ? AdvSimd.Arm64.AddPairwise(AdvSimd.MultiplyWideningLower(a.GetLower(), b.GetLower()), AdvSimd.MultiplyWideningUpper(a, b))
        : MultiplyPairsPortably(a, b);

    /// <summary>32-bit lane i = c[i] + v[2i] + v[2i+1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddPairs(Vector128<int> c, Vector128<short> v) =>
        AdvSimd.IsSupported ? AdvSimd.AddPairwiseWideningAndAdd(c, v) : c + AddPairsPortably(v);

    /// <summary>32-bit lane i: the sum of four products, of a's first or last 8 numbers and the bytes of b.</summary>
    public static Vector128<int> Fours(Vector128<short> lower, Vector128<short> upper, Vector128<sbyte> b)
    {
        Vector128<int> first = AddPairsPortably(lower * Vector128.WidenLower(b)), second = AddPairsPortably(upper * Vector128.WidenUpper(b));
        return Vector128.Create(first[0] + first[1], first[2] + first[3], second[0] + second[1], second[2] + second[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyPairsPortably(Vector128<sbyte> a, Vector128<sbyte> b) => Vector128.Narrow(
        AddPairsPortably(Vector128.WidenLower(a) * Vector128.WidenLower(b)), AddPairsPortably(Vector128.WidenUpper(a) * Vector128.WidenUpper(b)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddPairsPortably(Vector128<short> v) => (v.AsInt32() << 16 >> 16) + (v.AsInt32() >> 16);
}
