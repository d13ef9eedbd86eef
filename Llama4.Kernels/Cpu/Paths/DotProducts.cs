using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sums of four products in 32 bits, by AdvSIMD's dot product of signed bytes. Unsigned weights are at most 127, so they are such bytes.</summary>
readonly struct DotProducts : IProducts<Vector128<int>>
{
    public static int LargestSum => int.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<int> weights, Vector128<int> inputs, bool isSigned) =>
        SignedBytes.AddFours(sums, weights.AsSByte(), inputs.AsSByte());

    public static Vector128<int> Total(Vector128<int> sums) => sums;
}
