using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>The operations of <see cref="ByteVectors"/> on 512 bits: instructions of AVX-512, or two halves.</summary>
static class WideBytes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> MultiplyPairs(Vector512<byte> u, Vector512<sbyte> s) => Avx512BW.IsSupported
        ? Avx512BW.MultiplyAddAdjacent(u, s)
        : Vector512.Create(ByteVectors.MultiplyPairs(u.GetLower(), s.GetLower()), ByteVectors.MultiplyPairs(u.GetUpper(), s.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> AddPairs(Vector512<short> v) => Avx512BW.IsSupported
        ? Avx512BW.MultiplyAddAdjacent(v, Vector512.Create((short)1))
        : Vector512.Create(ByteVectors.AddPairs(v.GetLower()), ByteVectors.AddPairs(v.GetUpper()));

    /// <summary>v or −v: there is no instruction that takes a sign over at this width, but one that subtracts in some lanes only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<sbyte> WithSign(Vector512<sbyte> v, Vector512<sbyte> sign) =>
        Vector512.ConditionalSelect(Vector512.LessThan(sign, Vector512<sbyte>.Zero), Vector512<sbyte>.Zero - v, v);
}
