namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void AddExperts(Tensor x, Tensor y)
    {
        int choices = y.Rows == 0 ? 1 : x.Rows / y.Rows;
        Check.Input(x, checked(y.Rows * choices), y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        var blocks = new RowBlocks(y.Rows, y.Columns);
        team.For(new AddExpertsWork((float*)x.Address, choices, (float*)y.Address, blocks), blocks.Count, alone: x.Count < SmallWork);
    }

    readonly struct AddExpertsWork(float* x, int choices, float* y, RowBlocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            for (long row = blocks.From(item); row < blocks.To(item); row++)
                for (int i = 0; i < choices; i++)
                    AddRow(x + (row * choices + i) * blocks.Columns, y + row * blocks.Columns, blocks.Columns);
        }
    }
}
