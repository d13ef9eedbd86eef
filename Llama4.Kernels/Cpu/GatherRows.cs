namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void GatherRows(Tensor x, Tensor rows, Tensor y)
    {
        Check.Input(x, x.Rows, y.Columns);
        Check.Input(rows, 1, y.Rows, Encoding.I32);
        Check.Output(y, y.Rows, y.Columns);
        int* indices = (int*)rows.Address;
        Check.Rows(new ReadOnlySpan<int>(indices, y.Rows), x.Rows, nameof(rows));
        var work = new CopyRowsWork((float*)x.Address, (float*)y.Address, indices, y.Columns, gather: true);
        team.For(work, y.Rows, alone: y.Count < SmallWork);
    }

    public override void ScatterRows(Tensor x, Tensor rows, Tensor y)
    {
        Check.Input(x, x.Rows, y.Columns);
        Check.Input(rows, 1, x.Rows, Encoding.I32);
        Check.Output(y, y.Rows, y.Columns);
        int* indices = (int*)rows.Address;
        Check.Rows(new ReadOnlySpan<int>(indices, x.Rows), y.Rows, nameof(rows));
        var work = new CopyRowsWork((float*)x.Address, (float*)y.Address, indices, y.Columns, gather: false);
        team.For(work, x.Rows, alone: x.Count < SmallWork);
    }

    /// <summary>One item is one row: from the indexed row, or to it.</summary>
    readonly struct CopyRowsWork(float* x, float* y, int* indices, int columns, bool gather) : IWork
    {
        public void Run(int item, int worker)
        {
            long from = gather ? indices[item] : item;
            long to = gather ? item : indices[item];
            new ReadOnlySpan<float>(x + from * columns, columns).CopyTo(new Span<float>(y + to * columns, columns));
        }
    }
}
