namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void ScaleByScore(Tensor x, Route route, Tensor y)
    {
        int choices = route.Scores.Columns;
        Check.Input(x, x.Rows, y.Columns);
        Check.Input(route.Scores, x.Rows, choices);
        Check.Output(y, checked(x.Rows * choices), x.Columns);
        var blocks = new RowBlocks(y.Rows, y.Columns);
        var work = new ScaleByScoreWork((float*)x.Address, (float*)route.Scores.Address, choices, (float*)y.Address, blocks);
        team.For(work, blocks.Count, alone: y.Count < SmallWork);
    }

    readonly struct ScaleByScoreWork(float* x, float* scores, int choices, float* y, RowBlocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            for (long row = blocks.From(item); row < blocks.To(item); row++)
                MultiplyRow(x + row / choices * blocks.Columns, scores[row], y + row * blocks.Columns, blocks.Columns);
        }
    }
}
