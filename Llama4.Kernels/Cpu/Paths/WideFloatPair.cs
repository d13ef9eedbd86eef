using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Thirty-two floats in vectors of 512 bits.</summary>
readonly unsafe struct WideFloatPair(Vector512<float> first, Vector512<float> second) : IFloatPair<WideFloatPair>
{
    readonly Vector512<float> first = first, second = second;

    public static int Length => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideFloatPair Load<TFormat, TBlock>(TBlock* source)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        (Vector512<float> first, Vector512<float> second) = TFormat.LoadWide(source);
        return new(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideFloatPair AddProducts(WideFloatPair sums, WideFloatPair weights, float x)
    {
        var factor = Vector512.Create(x);
        return new(Vector512.MultiplyAddEstimate(weights.first, factor, sums.first), Vector512.MultiplyAddEstimate(weights.second, factor, sums.second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(WideFloatPair pair, float* target)
    {
        pair.first.Store(target);
        pair.second.Store(target + 16);
    }
}
