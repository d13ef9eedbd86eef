using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>
/// Sums of two products in 16 bits, by operations that every processor has in some way. 128 bits, because wider ones are slow where there are none.
/// Unsigned weights are at most 127, so they are signed bytes.
/// </summary>
readonly struct PortableProducts : IProducts<Vector128<int>>
{
    public static int LargestSum => short.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<int> weights, Vector128<int> inputs, bool isSigned) =>
        (sums.AsInt16() + SignedBytes.MultiplyPairsPortably(weights.AsSByte(), inputs.AsSByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Total(Vector128<int> sums) => SignedBytes.AddPairsPortably(sums.AsInt16());
}
