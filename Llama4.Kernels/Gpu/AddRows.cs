using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void AddRows(Tensor x, Tensor y)
    {
        Check.Input(x, x.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (x.Rows == 0 && y.Rows > 0) throw new ArgumentException("AddRows: x has no rows", nameof(x));
        ForNumbers(y.Count, new AddRowsKernel(x.Address, x.Count, y.Address, y.Count));
    }

    internal readonly struct AddRowsKernel(long x, long xCount, long y, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i < count) Memory.Store(y + i * 4, Memory.Float(y + i * 4) + Memory.Float(x + i % xCount * 4));
        }
    }
}
