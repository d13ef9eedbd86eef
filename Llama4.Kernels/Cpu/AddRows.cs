using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void AddRows(Tensor x, Tensor y)
    {
        Check.Input(x, x.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (x.Rows == 0 && y.Rows > 0) throw new ArgumentException("AddRows: x has no rows", nameof(x));
        var blocks = new RowBlocks(y.Rows, y.Columns);
        team.For(new AddRowsWork((float*)x.Address, x.Rows, (float*)y.Address, blocks), blocks.Count, alone: y.Count < SmallWork);
    }

    readonly struct AddRowsWork(float* x, int xRows, float* y, RowBlocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            for (long row = blocks.From(item); row < blocks.To(item); row++)
                AddRow(x + row % xRows * blocks.Columns, y + row * blocks.Columns, blocks.Columns);
        }
    }

    /// <summary>y += x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddRow(float* x, float* y, int columns)
    {
        int c = 0;
        for (; c <= columns - Lanes.Count; c += Lanes.Count) (Vector256.Load(y + c) + Vector256.Load(x + c)).Store(y + c);
        for (; c < columns; c++) y[c] += x[c];
    }
}
