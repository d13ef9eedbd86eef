using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void RmsNorm(Tensor x, Tensor? w, float eps, Tensor y)
    {
        Check.Input(x, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (w is Tensor weight) Check.Input(weight, 1, y.Columns, name: nameof(w));
        var work = new RmsNormWork((float*)x.Address, w is null ? null : (float*)w.Value.Address, eps, (float*)y.Address, new RowBlocks(y.Rows, y.Columns));
        team.For(work, work.Blocks.Count, alone: y.Count < SmallWork);
    }

    readonly struct RmsNormWork(float* x, float* w, float eps, float* y, RowBlocks blocks) : IWork
    {
        public RowBlocks Blocks => blocks;

        public void Run(int item, int worker)
        {
            for (long row = blocks.From(item); row < blocks.To(item); row++)
                Row(x + row * blocks.Columns, y + row * blocks.Columns);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Row(float* source, float* target)
        {
            int columns = blocks.Columns;
            int whole = columns & -Lanes.Count;
            var factor = Vector256.Create(1 / MathF.Sqrt(RowSums.SumOfSquares(source, 0, columns) / columns + eps));
            for (int c = 0; c < whole; c += Lanes.Count)
            {
                Vector256<float> normed = Vector256.Load(source + c) * factor;
                (w is null ? normed : normed * Vector256.Load(w + c)).Store(target + c);
            }
            if (whole == columns) return;
            Vector256<float> tail = Lanes.LoadPart(source + whole, columns - whole) * factor;
            Lanes.StorePart(w is null ? tail : tail * Lanes.LoadPart(w + whole, columns - whole), target + whole, columns - whole);
        }
    }
}
