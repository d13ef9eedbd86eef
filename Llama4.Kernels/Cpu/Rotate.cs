using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void Rotate(Tensor x, Tensor table)
    {
        Check.Output(x, x.Rows, x.Columns);
        Check.Input(table, table.Rows, table.Columns);
        if (table.Rows == 0 || table.Columns == 0 || table.Columns % 2 != 0 || x.Columns % table.Columns != 0)
            throw new ArgumentException($"Rotate: rows of {x.Columns} numbers are not whole heads of {table.Columns} (table of {table.Rows} rows)", nameof(table));
        var blocks = new RowBlocks(x.Rows, x.Columns);
        var work = new RotateWork((float*)x.Address, (float*)table.Address, table.Rows, table.Columns, blocks);
        team.For(work, blocks.Count, alone: x.Count < SmallWork);
    }

    readonly struct RotateWork(float* x, float* table, int tableRows, int headDim, RowBlocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            for (long row = blocks.From(item); row < blocks.To(item); row++)
                for (int c = 0; c < blocks.Columns; c += headDim)
                    Head(x + row * blocks.Columns + c, table + row % tableRows * headDim);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Head(float* head, float* turn)
        {
            int c = 0;
            for (; c <= headDim - Lanes.Count; c += Lanes.Count)
                Apply(Vector256.Load(head + c), Vector256.Load(turn + c)).Store(head + c);
            int rest = headDim - c;
            if (rest > 0) Lanes.StorePart(Apply(Lanes.LoadPart(head + c, rest), Lanes.LoadPart(turn + c, rest)), head + c, rest);
        }

        /// <summary>Four pairs: (x₀ cos − x₁ sin, x₁ cos + x₀ sin).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<float> Apply(Vector256<float> pairs, Vector256<float> turn)
        {
            Vector256<float> cos = Vector256.Shuffle(turn, Vector256.Create(0, 0, 2, 2, 4, 4, 6, 6));
            Vector256<float> sin = Vector256.Shuffle(turn, Vector256.Create(1, 1, 3, 3, 5, 5, 7, 7));
            Vector256<float> swapped = Vector256.Shuffle(pairs, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6));
            var sign = Vector256.Create(-0f, 0f, -0f, 0f, -0f, 0f, -0f, 0f);
            return Lanes.MultiplyAdd(pairs, cos, swapped * (sin ^ sign));
        }
    }
}
