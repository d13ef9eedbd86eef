using ILGPU;
using ILGPU.IR.Intrinsics;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>Work of the 32 lanes of a warp together: every lane takes part.</summary>
static class Lanes
{
    public const int Count = 32;

    /// <summary>Bit l is set where the condition holds in lane l.</summary>
    [IntrinsicImplementation, Ptx("vote.sync.ballot.b32 @r, @0, 0xffffffff;")]
    public static uint Ballot(bool condition)
    {
        uint bits = 0;
        bool[] conditions = EmulatedWarp.Exchange(condition);
        for (int lane = 0; lane < Count; lane++) bits |= conditions[lane] ? 1u << lane : 0;
        return bits;
    }

    /// <summary>The sum, in every lane the same bits: neighbours at distance 16, then 8, 4, 2, 1.</summary>
    [IntrinsicImplementation, Ptx(SumText)]
    public static float Sum(float value)
    {
        float[] values = EmulatedWarp.Exchange(value);
        Span<float> sums = stackalloc float[Count];
        values.CopyTo(sums);
        for (int step = Count / 2; step > 0; step /= 2)
            for (int lane = 0; lane < step; lane++) sums[lane] += sums[lane + step];
        return sums[0];
    }

    /// <summary>The sum, in every lane.</summary>
    [IntrinsicImplementation, Ptx(WideSumText)]
    public static ulong Sum(ulong value)
    {
        ulong sum = 0;
        foreach (ulong other in EmulatedWarp.Exchange(value)) sum += other;
        return sum;
    }

    /// <summary>The largest; NaN only where all are.</summary>
    [IntrinsicImplementation, Ptx(MaxText)]
    public static float Max(float value)
    {
        float largest = float.NaN;
        foreach (float other in EmulatedWarp.Exchange(value))
            if (other > largest || float.IsNaN(largest)) largest = other;
        return largest;
    }

    /// <summary>The largest.</summary>
    [IntrinsicImplementation, Ptx("redux.sync.max.s32 @r, @0, 0xffffffff;")]
    public static int Max(int value)
    {
        int largest = value;
        foreach (int other in EmulatedWarp.Exchange(value)) largest = Math.Max(largest, other);
        return largest;
    }

    /// <summary>The smallest.</summary>
    [IntrinsicImplementation, Ptx("redux.sync.min.s32 @r, @0, 0xffffffff;")]
    public static int Min(int value)
    {
        int smallest = value;
        foreach (int other in EmulatedWarp.Exchange(value)) smallest = Math.Min(smallest, other);
        return smallest;
    }

    /// <summary>The value of the lane whose number differs in the bits of <paramref name="mask"/>, a constant.</summary>
    [IntrinsicImplementation, Ptx("shfl.sync.bfly.b32 @r, @0, #1, 31, -1;")]
    public static float Other(float value, int mask) => EmulatedWarp.Exchange(value)[Warp.LaneIdx ^ mask];

    const string Exchange = "shfl.sync.bfly.b32 other, @r, ";

    const string Halves = "mov.b64 {low, high}, @r; shfl.sync.bfly.b32 low, low, ", Together = ", 31, -1; mov.b64 other, {low, high}; add.u64 @r, @r, other; ";
    const string Second = ", 31, -1; shfl.sync.bfly.b32 high, high, ";

    const string WideSumText = "{ .reg .b64 other; .reg .b32 low, high; mov.b64 @r, @0; "
        + Halves + "16" + Second + "16" + Together + Halves + "8" + Second + "8" + Together + Halves + "4" + Second + "4" + Together
        + Halves + "2" + Second + "2" + Together + Halves + "1" + Second + "1" + Together + "}";

    const string SumText = "{ .reg .f32 other; mov.f32 @r, @0; "
        + Exchange + "16, 31, -1; add.f32 @r, @r, other; " + Exchange + "8, 31, -1; add.f32 @r, @r, other; "
        + Exchange + "4, 31, -1; add.f32 @r, @r, other; " + Exchange + "2, 31, -1; add.f32 @r, @r, other; "
        + Exchange + "1, 31, -1; add.f32 @r, @r, other; }";

    const string MaxText = "{ .reg .f32 other; mov.f32 @r, @0; "
        + Exchange + "16, 31, -1; max.f32 @r, @r, other; " + Exchange + "8, 31, -1; max.f32 @r, @r, other; "
        + Exchange + "4, 31, -1; max.f32 @r, @r, other; " + Exchange + "2, 31, -1; max.f32 @r, @r, other; "
        + Exchange + "1, 31, -1; max.f32 @r, @r, other; }";
}
