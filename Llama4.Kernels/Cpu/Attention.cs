namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    readonly AttentionPlan attentionPlan = new();
    readonly Scratch attentionScratch = new();

    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        var cache = new KvView(rows, y.Rows, pages, layer);
        int keyColumns = checked(layer.Heads * layer.HeadDim);
        if (y.Columns == 0 || y.Columns % keyColumns != 0)
            throw new ArgumentException($"Attention: rows of {y.Columns} numbers are not a multiple of {layer.Heads} key heads of {layer.HeadDim}", nameof(q));
        lock (attentionScratch)
        {
            attentionPlan.Make(cache, y.Rows, y.Columns / keyColumns);
            // A pass takes as many row blocks, and as many blocks of positions at a time, as keep the threads busy; this bounds the memory.
            int wantedItems = 32 * team.Threads;
            int step = Math.Max(1, wantedItems / layer.Heads);
            for (int first = 0; first < attentionPlan.Count; first += step)
                AttendPass(first, Math.Min(step, attentionPlan.Count - first), wantedItems, cache, (float*)q.Address, y.Columns, (float*)y.Address);
        }
    }

    void AttendPass(int first, int count, int wantedItems, in KvView cache, float* q, int columns, float* y)
    {
        int lastSlot = 0, rows = 0;
        long work = 0;
        foreach (AttentionPlan.RowBlock block in attentionPlan.Blocks.Slice(first, count))
        {
            lastSlot = Math.Max(lastSlot, block.LastSlot);
            rows = Math.Max(rows, block.Count);
            work += (block.LastSlot + 1L) * block.Count * columns;
        }
        bool alone = work < 4 * SmallWork;
        int items = count * cache.Heads;
        int positionBlocks = lastSlot / AttentionPlan.BlockLength + 1;
        int wave = Math.Clamp(wantedItems / items, 1, positionBlocks);

        var shape = new AttentionShape(cache.HeadDim);
        int queries = rows * (columns / (cache.Heads * cache.HeadDim));
        long workerFloats = AttentionWork.WorkerFloats(shape, queries) * team.Threads;
        float* memory = attentionScratch.Floats(workerFloats + AttentionWork.StateFloats(shape, queries, wave) * items);
        for (int from = 0; from < positionBlocks; from += wave)
        {
            var part = new AttentionWork(attentionPlan, first, q, cache, columns, queries, from, wave, memory, memory + workerFloats, y);
            team.For(part, items * wave, alone);
            if (positionBlocks > 1) team.For(new AttentionMerge(part), items, alone);
        }
    }
}
