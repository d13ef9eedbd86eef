using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void AddExperts(Tensor x, Tensor y)
    {
        int choices = y.Rows == 0 ? 1 : x.Rows / y.Rows;
        Check.Input(x, checked(y.Rows * choices), y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        ForNumbers(y.Count, new AddExpertsKernel(x.Address, choices, y.Address, y.Columns, y.Count));
    }

    internal readonly struct AddExpertsKernel(long x, int choices, long y, int columns, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            float sum = Memory.Float(y + i * 4);
            for (int choice = 0; choice < choices; choice++)
                sum += Memory.Float(x + ((i / columns * choices + choice) * columns + i % columns) * 4);
            Memory.Store(y + i * 4, sum);
        }
    }
}
