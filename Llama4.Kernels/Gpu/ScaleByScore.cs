using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void ScaleByScore(Tensor x, Route route, Tensor y)
    {
        int choices = route.Scores.Columns;
        Check.Input(x, x.Rows, y.Columns);
        Check.Input(route.Scores, x.Rows, choices);
        Check.Output(y, checked(x.Rows * choices), x.Columns);
        ForNumbers(y.Count, new ScaleByScoreKernel(x.Address, route.Scores.Address, choices, y.Address, y.Columns, y.Count));
    }

    internal readonly struct ScaleByScoreKernel(long x, long scores, int choices, long y, int columns, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            long row = i / columns;
            float value = Memory.Float(x + (row / choices * columns + i % columns) * 4);
            Memory.Store(y + i * 4, value * Memory.Float(scores + row * 4));
        }
    }
}
