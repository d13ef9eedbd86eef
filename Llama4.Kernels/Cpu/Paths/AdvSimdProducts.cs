using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sums of two products of signed bytes in 16 bits, by AdvSIMD. Unsigned weights are at most 127, so they are such bytes.</summary>
readonly struct AdvSimdProducts : IProducts<Vector128<int>>
{
    public static int LargestSum => short.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<int> weights, Vector128<int> inputs, bool isSigned) =>
        (sums.AsInt16() + SignedBytes.MultiplyPairs(weights.AsSByte(), inputs.AsSByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Total(Vector128<int> sums) => SignedBytes.AddPairs(sums.AsInt16());
}
