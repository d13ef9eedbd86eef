using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Makes the fragments of x: a thread for each 32 numbers of each row, missing rows included.</summary>
readonly struct FragmentKernel(long x, int rows, int columns, FragmentRows y, long items) : IKernel
{
    public void Run()
    {
        long item = GroupWork.Thread;
        if (item >= items) return;
        int groups = columns / ByteRows.GroupLength, row = (int)(item / groups), group = (int)(item % groups);
        ByteGroup bytes = default;
        if (row < rows) bytes = ByteGroup.Of(x + ((long)row * columns + group * ByteRows.GroupLength) * 4);
        y.Store(row, group, bytes);
    }
}
