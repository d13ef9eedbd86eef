using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Input(k, y.Rows, y.Columns);
        Check.Input(v, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (groupRows < 1 || heads < 1 || y.Rows % groupRows != 0 || y.Columns % heads != 0)
            throw new ArgumentException($"GroupAttention: {y.Rows}×{y.Columns} is not groups of {groupRows} rows with {heads} heads", nameof(groupRows));
        lock (attentionScratch)
        {
            float* memory = attentionScratch.Floats(GroupAttentionWork.WorkerFloats(y.Columns / heads) * team.Threads);
            var work = new GroupAttentionWork((float*)q.Address, (float*)k.Address, (float*)v.Address, groupRows, heads, y.Columns, memory, (float*)y.Address);
            team.For(work, checked(y.Rows / groupRows * work.ItemsPerGroup), alone: y.Count * groupRows < 4 * SmallWork);
        }
    }
}

/// <summary>One item: some rows of one group, one head, against all rows of the group.</summary>
/// <param name="columns">Width of q, k, v and y.</param>
/// <param name="memory">[workers, <see cref="WorkerFloats"/>].</param>
readonly unsafe struct GroupAttentionWork(float* q, float* k, float* v, int groupRows, int heads, int columns, float* memory, float* y) : IWork
{
    const int MostQueries = 96;

    readonly AttentionShape shape = new(columns / heads);
    readonly int blocks = (groupRows + MostQueries - 1) / MostQueries;

    public int ItemsPerGroup => blocks * heads;

    /// <summary>Rows of an item, but for the last: as even as they can be.</summary>
    int BlockRows => (groupRows + blocks - 1) / blocks;

    /// <summary>A worker's floats: one span of keys and of values, then for each query itself, its scores, its state and its visible length.</summary>
    public static long WorkerFloats(int headDim)
    {
        var shape = new AttentionShape(headDim);
        return 2L * shape.TileLength + MostQueries * (shape.Stride + AttentionShape.Span + shape.StateStride + 1L);
    }

    public void Run(int item, int worker)
    {
        (int groupAndHead, int block) = Math.DivRem(item, blocks);
        (int group, int head) = Math.DivRem(groupAndHead, heads);
        long groupStart = (long)group * groupRows * columns + head * shape.HeadDim;
        long start = groupStart + (long)block * BlockRows * columns;
        int count = Math.Min(BlockRows, groupRows - block * BlockRows);
        if (count <= 0) return;

        float* keys = memory + worker * WorkerFloats(shape.HeadDim);
        float* values = keys + shape.TileLength;
        float* queries = values + shape.TileLength;
        float* scores = queries + MostQueries * shape.Stride;
        float* states = scores + MostQueries * AttentionShape.Span;
        int* visible = (int*)(states + MostQueries * shape.StateStride);
        for (int i = 0; i < count; i++)
        {
            shape.CopyPadded(q + start + (long)i * columns, queries + i * shape.Stride);
            new AttentionState(states + i * shape.StateStride, shape).Clear();
        }
        for (int from = 0; from < groupRows; from += AttentionShape.Span)
        {
            int length = Math.Min(AttentionShape.Span, groupRows - from);
            for (int j = 0; j < length; j++)
            {
                shape.CopyPadded(k + groupStart + (long)(from + j) * columns, keys + j * shape.Stride);
                shape.CopyPadded(v + groupStart + (long)(from + j) * columns, values + j * shape.Stride);
            }
            new Span<int>(visible, count).Fill(length);
            var span = new SpanEntries<float>(keys, values, length, (byte*)keys, (byte*)values);
            SpanAttention.Add<F32, float>(shape, queries, count, visible, span, scores, states);
        }
        for (int i = 0; i < count; i++) new AttentionState(states + i * shape.StateStride, shape).Finish(y + start + (long)i * columns);
    }
}
