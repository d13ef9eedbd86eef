using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Makes the bytes of x: a thread for each 32 numbers.</summary>
readonly struct QuantiseKernel(long x, ByteRows y, long groups) : IKernel
{
    public void Run()
    {
        long item = GroupWork.Thread;
        if (item >= groups) return;
        ByteGroup group = ByteGroup.Of(x + item * 128);
        Memory.Store(y.Values + item * 32, group.First);
        Memory.Store(y.Values + item * 32 + 16, group.Second);
        Memory.Store(y.Factors + item * 16, group.Factors);
    }
}
