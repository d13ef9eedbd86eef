namespace Llama4.Kernels.Cpu;

/// <summary>One item: the queries of one row block and one key head, against one block of positions.</summary>
/// <param name="plan">The row blocks.</param>
/// <param name="first">First row block of this pass.</param>
/// <param name="columns">Width of q and y.</param>
/// <param name="mostQueries">Most queries of an item: rows of a block times query heads per key head.</param>
/// <param name="positionBlock">First block of positions of this wave.</param>
/// <param name="wave">Blocks of positions that are computed at the same time.</param>
/// <param name="workerMemory">[workers, <see cref="WorkerFloats"/>].</param>
/// <param name="stateMemory">[row blocks of the pass · key heads, <see cref="StateFloats"/>].</param>
readonly unsafe struct AttentionWork(
    AttentionPlan plan, int first, float* q, KvView cache, int columns, int mostQueries, int positionBlock, int wave,
    float* workerMemory, float* stateMemory, float* y) : IWork
{
    readonly AttentionShape shape = new(cache.HeadDim);
    readonly int queriesPerRow = columns / (cache.Heads * cache.HeadDim);

    /// <summary>A worker's floats: one span of keys and of values, then for each query itself, its scores and its visible length.</summary>
    public static long WorkerFloats(AttentionShape shape, int queries) =>
        2L * shape.TileLength + (queries * (shape.Stride + AttentionShape.Span + 1L) + Lanes.Count - 1 & -Lanes.Count);

    /// <summary>Floats for each row block and key head: [wave + 1, queries] states, the result so far and one per block of the wave.</summary>
    public static long StateFloats(AttentionShape shape, int queries, int wave) => (wave + 1L) * queries * shape.StateStride;

    public void Run(int item, int worker)
    {
        (int index, int part) = Math.DivRem(item, wave);
        AttentionPlan.RowBlock block = plan[first + index / cache.Heads];
        int keyHead = index % cache.Heads;
        int from = (positionBlock + part) * AttentionPlan.BlockLength;
        if (from > block.LastSlot) return;

        int count = block.Count * queriesPerRow;
        float* tile = workerMemory + worker * WorkerFloats(shape, mostQueries);
        float* queries = tile + 2 * shape.TileLength;
        float* scores = queries + (long)mostQueries * shape.Stride;
        int* visible = (int*)(scores + (long)mostQueries * AttentionShape.Span);
        for (int i = 0; i < count; i++)
        {
            shape.CopyPadded(q + Offset(block, keyHead, i), queries + (long)i * shape.Stride);
            State(index, part + 1, i).Clear();
        }
        int last = Math.Min(block.LastSlot, from + AttentionPlan.BlockLength - 1);
        for (int slot = from; slot <= last; slot += AttentionShape.Span)
        {
            int length = Math.Min(AttentionShape.Span, last - slot + 1);
            for (int i = 0; i < count; i++) visible[i] = Math.Clamp(cache.Slot(block.First + i / queriesPerRow) - slot + 1, 0, length);
            var span = new KvSpan(cache, shape, cache.Sequences[block.First], keyHead, slot, length, last);
            span.Add(queries, count, visible, tile, scores, State(index, part + 1, 0).Sum);
        }
        if (block.LastSlot >= AttentionPlan.BlockLength) return; // The merge does the rest.
        for (int i = 0; i < count; i++) State(index, part + 1, i).Finish(y + Offset(block, keyHead, i));
    }

    /// <summary>Adds the wave's states to the result so far, in ascending order of positions, and writes the results that are complete.</summary>
    public void Merge(int index)
    {
        AttentionPlan.RowBlock block = plan[first + index / cache.Heads];
        if (block.LastSlot < AttentionPlan.BlockLength) return;
        for (int i = 0; i < block.Count * queriesPerRow; i++)
        {
            AttentionState result = State(index, 0, i);
            int lastBlock = cache.Slot(block.First + i / queriesPerRow) / AttentionPlan.BlockLength;
            for (int part = 0; part < wave && positionBlock + part <= lastBlock; part++)
            {
                if (positionBlock + part == 0) result.CopyFrom(State(index, 1, i));
                else result.Merge(State(index, part + 1, i));
                if (positionBlock + part == lastBlock) result.Finish(y + Offset(block, index % cache.Heads, i));
            }
        }
    }

    /// <summary>Where query i of an item is in q and y: heads of a row first, then rows.</summary>
    long Offset(AttentionPlan.RowBlock block, int keyHead, int i) =>
        (long)(block.First + i / queriesPerRow) * columns + (keyHead * queriesPerRow + i % queriesPerRow) * shape.HeadDim;

    AttentionState State(int index, int part, int query) =>
        new(stateMemory + ((index * (wave + 1L) + part) * mostQueries + query) * shape.StateStride, shape);
}

/// <summary>One item: what <see cref="AttentionWork"/> left to merge for one row block and key head.</summary>
readonly struct AttentionMerge(AttentionWork work) : IWork
{
    public void Run(int item, int worker) => work.Merge(item);
}
