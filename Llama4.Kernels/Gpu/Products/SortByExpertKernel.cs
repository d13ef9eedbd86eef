using System.Numerics;
using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// The order of rows by expert, those of one expert in their own order: a warp for each expert, and one for the rows of unknown experts, which come last.
/// </summary>
readonly struct SortByExpertKernel(long choices, int rows, int experts, RowOrder order) : IKernel
{
    public void Run()
    {
        long warp = GroupWork.WarpIndex;
        if (warp > experts) return;
        int expert = (int)warp, lane = Warp.LaneIdx, place = 0;
        for (int from = 0; from < rows; from += Lanes.Count) place += BitOperations.PopCount(Lanes.Ballot(Key(from + lane) < expert));
        if (lane == 0) Memory.Store(order.Starts + expert * 4L, place);
        for (int from = 0; from < rows; from += Lanes.Count)
        {
            bool isMine = Key(from + lane) == expert;
            uint mine = Lanes.Ballot(isMine), before = mine & ((1u << lane) - 1);
            if (isMine) Memory.Store(order.Rows + (place + BitOperations.PopCount(before)) * 4L, from + lane);
            place += BitOperations.PopCount(mine);
        }
        if (expert == experts && lane == 0) Memory.Store(order.Starts + (experts + 1) * 4L, place);
    }

    int Key(int row)
    {
        if (row >= rows) return int.MaxValue;
        int expert = Memory.Int(choices + row * 4L);
        return expert >= 0 && expert < experts ? expert : experts;
    }
}
