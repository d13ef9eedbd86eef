using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void ScaleByPosition(Tensor q, Tensor positions, float floor, float scale)
    {
        Check.Output(q, q.Rows, q.Columns);
        Check.Input(positions, 1, q.Rows, Encoding.I32);
        if (!(floor > 0)) throw new ArgumentOutOfRangeException(nameof(floor), floor, "ScaleByPosition: expected a positive number");
        var blocks = new RowBlocks(q.Rows, q.Columns);
        var work = new ScaleByPositionWork((float*)q.Address, (int*)positions.Address, floor, scale, blocks);
        team.For(work, blocks.Count, alone: q.Count < SmallWork);
    }

    readonly struct ScaleByPositionWork(float* q, int* positions, float floor, float scale, RowBlocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            for (long row = blocks.From(item); row < blocks.To(item); row++)
            {
                float* numbers = q + row * blocks.Columns;
                MultiplyRow(numbers, Factor(positions[row]), numbers, blocks.Columns);
            }
        }

        // The floor is taken in float as in the reference implementations; it is exact for every position below 2²⁴.
        float Factor(int position) => (float)(1 + scale * Math.Log(1.0 + MathF.Floor(((float)position + 1) / floor)));
    }

    /// <summary>y = x · factor; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void MultiplyRow(float* x, float factor, float* y, int columns)
    {
        int c = 0;
        for (; c <= columns - Lanes.Count; c += Lanes.Count) (Vector256.Load(x + c) * factor).Store(y + c);
        for (; c < columns; c++) y[c] = x[c] * factor;
    }
}
