using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sixteen floats in vectors of 256 bits.</summary>
readonly unsafe struct FloatPair(Vector256<float> first, Vector256<float> second) : IFloatPair<FloatPair>
{
    readonly Vector256<float> first = first, second = second;

    public static int Length => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatPair Load<TFormat, TBlock>(TBlock* source)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged => new(TFormat.Load(source), TFormat.Load(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FloatPair AddProducts(FloatPair sums, FloatPair weights, float x)
    {
        var factor = Vector256.Create(x);
        return new(Lanes.MultiplyAdd(weights.first, factor, sums.first), Lanes.MultiplyAdd(weights.second, factor, sums.second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(FloatPair pair, float* target)
    {
        pair.first.Store(target);
        pair.second.Store(target + 8);
    }
}
