using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void GatherRows(Tensor x, Tensor rows, Tensor y)
    {
        Check.Input(x, x.Rows, y.Columns);
        Check.Input(rows, 1, y.Rows, Encoding.I32);
        Check.Output(y, y.Rows, y.Columns);
        ForNumbers(y.Count, new GatherRowsKernel(x.Address, x.Rows, rows.Address, y.Address, y.Columns, y.Count));
    }

    public override void ScatterRows(Tensor x, Tensor rows, Tensor y)
    {
        Check.Input(x, x.Rows, y.Columns);
        Check.Input(rows, 1, x.Rows, Encoding.I32);
        Check.Output(y, y.Rows, y.Columns);
        ForNumbers(x.Count, new ScatterRowsKernel(x.Address, rows.Address, y.Address, y.Rows, y.Columns, x.Count));
    }

    /// <summary>A row that x does not have is NaN.</summary>
    internal readonly struct GatherRowsKernel(long x, int xRows, long rows, long y, int columns, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            int row = Memory.Int(rows + i / columns * 4);
            float value = float.NaN;
            if (row >= 0 && row < xRows) value = Memory.Float(x + ((long)row * columns + i % columns) * 4);
            Memory.Store(y + i * 4, value);
        }
    }

    /// <summary>A row that y does not have is left out.</summary>
    internal readonly struct ScatterRowsKernel(long x, long rows, long y, int yRows, int columns, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            int row = Memory.Int(rows + i / columns * 4);
            if (row >= 0 && row < yRows) Memory.Store(y + ((long)row * columns + i % columns) * 4, Memory.Float(x + i * 4));
        }
    }
}
