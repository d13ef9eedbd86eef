using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void LayerNorm(Tensor x, Tensor w, Tensor b, float eps, Tensor y)
    {
        Check.Input(x, y.Rows, y.Columns);
        Check.Input(w, 1, y.Columns);
        Check.Input(b, 1, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        var blocks = new RowBlocks(y.Rows, y.Columns);
        var work = new LayerNormWork((float*)x.Address, (float*)w.Address, (float*)b.Address, eps, (float*)y.Address, blocks);
        team.For(work, blocks.Count, alone: y.Count < SmallWork);
    }

    readonly struct LayerNormWork(float* x, float* w, float* b, float eps, float* y, RowBlocks blocks) : IWork
    {
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
            float mean = RowSums.Sum(source, columns) / columns;
            float variance = RowSums.SumOfSquares(source, mean, columns) / columns;
            var center = Vector256.Create(mean);
            var factor = Vector256.Create(1 / MathF.Sqrt(variance + eps));
            for (int c = 0; c < whole; c += Lanes.Count)
                Lanes.MultiplyAdd((Vector256.Load(source + c) - center) * factor, Vector256.Load(w + c), Vector256.Load(b + c)).Store(target + c);
            int rest = columns - whole;
            if (rest == 0) return;
            Vector256<float> tail = (Lanes.LoadPart(source + whole, rest) - center) * factor;
            tail = Lanes.MultiplyAdd(tail, Lanes.LoadPart(w + whole, rest), Lanes.LoadPart(b + whole, rest));
            Lanes.StorePart(tail, target + whole, rest);
        }
    }
}
