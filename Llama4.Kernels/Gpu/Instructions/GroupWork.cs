using ILGPU;

namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>Who does what: numbers over threads, rows over groups, items over warps; sums of a group.</summary>
static class GroupWork
{
    /// <summary>This thread among all of the launch.</summary>
    public static long Thread => (long)Grid.IdxX * Group.DimX + Group.IdxX;

    /// <summary>This warp among all of the launch.</summary>
    public static long WarpIndex => (long)Grid.IdxX * (Group.DimX / Lanes.Count) + Group.IdxX / Lanes.Count;

    /// <summary>The warps of the launch.</summary>
    public static long Warps => (long)Grid.DimX * (Group.DimX / Lanes.Count);

    /// <summary>The group's sum, in every thread the same bits. Every thread takes part.</summary>
    public static float Sum(float value)
    {
        ArrayView<float> sums = SharedMemory.Allocate<float>(Lanes.Count);
        value = Lanes.Sum(value);
        if (Warp.LaneIdx == 0) sums[Group.IdxX / Lanes.Count] = value;
        Group.Barrier();
        float total = Warp.LaneIdx < Group.DimX / Lanes.Count ? sums[Warp.LaneIdx] : 0;
        return Lanes.Sum(total);
    }
}
