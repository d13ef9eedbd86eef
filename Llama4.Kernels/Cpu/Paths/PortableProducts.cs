using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sums of two products in 16 bits, by operations that every processor has in some way.</summary>
readonly struct PortableProducts : IProducts<Vector256<int>>
{
    public static int LargestSum => short.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<int> weights, Vector256<int> inputs, bool isSigned) =>
        (sums.AsInt16() + (isSigned
            ? ByteVectors.MultiplyPairsPortably(Vector256.Abs(weights.AsSByte()).AsByte(), ByteVectors.WithSignPortably(inputs.AsSByte(), weights.AsSByte()))
            : ByteVectors.MultiplyPairsPortably(weights.AsByte(), inputs.AsSByte()))).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Total(Vector256<int> sums) => ByteVectors.AddPairsPortably(sums.AsInt16());
}
