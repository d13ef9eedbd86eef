using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void Rotate(Tensor x, Tensor table)
    {
        Check.Output(x, x.Rows, x.Columns);
        Check.Input(table, table.Rows, table.Columns);
        if (table.Rows == 0 || table.Columns == 0 || table.Columns % 2 != 0 || x.Columns % table.Columns != 0)
            throw new ArgumentException($"Rotate: rows of {x.Columns} numbers are not whole heads of {table.Columns} (table of {table.Rows} rows)", nameof(table));
        ForNumbers(x.Count / 2, new RotateKernel(x.Address, table.Address, table.Rows, table.Columns, x.Columns, x.Count / 2));
    }

    /// <summary>A thread for each pair.</summary>
    internal readonly struct RotateKernel(long x, long table, int tableRows, int headDim, int columns, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            long row = 2 * i / columns, column = 2 * i % columns;
            long turn = table + (row % tableRows * headDim + column % headDim) * 4;
            float cos = Memory.Float(turn), sin = Memory.Float(turn + 4);
            float x0 = Memory.Float(x + i * 8), x1 = Memory.Float(x + i * 8 + 4);
            Memory.Store(x + i * 8, Arithmetic.MultiplyAdd(x0, cos, -(x1 * sin)));
            Memory.Store(x + i * 8 + 4, Arithmetic.MultiplyAdd(x1, cos, x0 * sin));
        }
    }
}
