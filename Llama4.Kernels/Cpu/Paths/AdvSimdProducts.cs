using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>
/// Products of signed bytes by AdvSIMD: two of them in 16 bits, which one instruction adds to the sums in 32. Unsigned weights are at most 127, so
/// they are such bytes.
/// </summary>
readonly struct AdvSimdProducts : IProducts<Vector128<int>>
{
    public static int LargestSum => int.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> sums, Vector128<int> weights, Vector128<int> inputs, bool isSigned) =>
        SignedBytes.AddPairs(sums, SignedBytes.MultiplyPairs(weights.AsSByte(), inputs.AsSByte()));

    public static Vector128<int> Total(Vector128<int> sums) => sums;
}
