using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sums of four products in 32 bits, by the instruction of AVX-VNNI where it is.</summary>
readonly struct AvxVnniProducts : IProducts<Vector256<int>>
{
    public static int LargestSum => int.MaxValue;

    public static bool MovesSigned => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<int> weights, Vector256<int> inputs, bool isSigned) => isSigned
        ? AddFours(sums, Vector256.Abs(weights.AsSByte()).AsByte(), ByteVectors.WithSign(inputs.AsSByte(), weights.AsSByte()))
        : AddFours(sums, weights.AsByte(), inputs.AsSByte());

    public static Vector256<int> Total(Vector256<int> sums) => sums;

    /// <summary>32-bit lane i of c, plus the four products of the bytes there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddFours(Vector256<int> c, Vector256<byte> u, Vector256<sbyte> s) =>
        AvxVnni.IsSupported ? AvxVnni.MultiplyWideningAndAdd(c, u, s) : c + Fours(u, s);

    static Vector256<int> Fours(Vector256<byte> u, Vector256<sbyte> s) => Vector256.Create(
        SignedBytes.Fours(Vector128.WidenLower(u.GetLower()).AsInt16(), Vector128.WidenUpper(u.GetLower()).AsInt16(), s.GetLower()),
        SignedBytes.Fours(Vector128.WidenLower(u.GetUpper()).AsInt16(), Vector128.WidenUpper(u.GetUpper()).AsInt16(), s.GetUpper()));
}
