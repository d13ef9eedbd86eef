using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Llama4.Kernels.Gpu;

/// <summary>Work of the 32 lanes of a warp together: every lane takes part.</summary>
static class Lanes
{
    public const int Count = 32;

    /// <summary>Bit l is set where the condition holds in lane l.</summary>
    [IntrinsicImplementation, Ptx("vote.sync.ballot.b32 @r, @0, 0xffffffff;")]
    public static uint Ballot(bool condition)
    {
        uint bits = condition ? 1u << Warp.LaneIdx : 0;
        for (int step = 16; step > 0; step >>= 1) bits |= Warp.ShuffleXor(bits, step);
        return bits;
    }

    /// <summary>The sum, in every lane the same bits.</summary>
    public static float Sum(float value)
    {
        for (int step = 16; step > 0; step >>= 1) value += Warp.ShuffleXor(value, step);
        return value;
    }

    /// <summary>The largest; NaN only where all are.</summary>
    public static float Max(float value)
    {
        for (int step = 16; step > 0; step >>= 1)
        {
            float other = Warp.ShuffleXor(value, step);
            if (other > value || float.IsNaN(value)) value = other;
        }
        return value;
    }
}
