namespace Llama4.Kernels.Cpu;

/// <summary>The matrices that one input meets, their work as items for the team, and all working memory. Used by one call at a time.</summary>
sealed unsafe class MatMulCall : IDisposable
{
    /// <summary>Threads differ by an item at the end: by a twelfth of their work.</summary>
    public const int ItemsPerThread = 12;

    // Fewer multiplications than this are done before another thread has taken up its part.
    const long SmallWork = 64 * 1024;

    readonly MatMulInput input = new();
    MatMulPart[] parts = new MatMulPart[4];
    readonly Scratch workerScratch = new(), orderScratch = new();
    int count;

    /// <summary>Memory for the order of rows; valid until asked for again.</summary>
    public int* Integers(long count) => (int*)orderScratch.Floats(count);

    /// <summary>Forgets the parts of the call before.</summary>
    public void Clear() => count = 0;

    public void Add(in MatMulPart part)
    {
        if (count == parts.Length) Array.Resize(ref parts, 2 * count);
        parts[count++] = part;
    }

    /// <summary>Packs rows of x and multiplies them with all parts.</summary>
    /// <param name="order">Which row of x becomes packed row r; null: row r.</param>
    public void Run(Team team, float* x, int columns, int* order, int rows)
    {
        bool floats = false, blocks = false;
        foreach (ref readonly MatMulPart part in parts.AsSpan(0, count))
            if (part.Kernel.ReadsBlocks) blocks = true;
            else floats = true;
        input.Pack(team, x, columns, order, rows, floats, blocks);
        int items = Cut(team.Threads);
        (long work, long bytes) = (0, 0);
        foreach (ref readonly MatMulPart part in parts.AsSpan(0, count))
        {
            work += (long)part.Outputs * part.Rows * columns;
            bytes = Math.Max(bytes, part.Kernel.ScratchBytes(part, input));
        }
        // Whole cache lines for each worker.
        long floatsPerWorker = (bytes + 63) / 64 * 16;
        team.For(new Work(this, workerScratch.Floats(floatsPerWorker * team.Threads), floatsPerWorker), items, alone: work < SmallWork);
    }

    /// <summary>Cuts the outputs of all parts into items that threads can share evenly.</summary>
    /// <returns>How many items there are.</returns>
    public int Cut(int threads)
    {
        long cost = 0;
        foreach (ref readonly MatMulPart part in parts.AsSpan(0, count)) cost += part.OutputCost * part.Outputs;
        long fairCost = cost / ((long)threads * ItemsPerThread);
        int items = 0;
        foreach (ref MatMulPart part in parts.AsSpan(0, count))
        {
            part.ItemOutputs = part.Kernel.ItemOutputs(part, fairCost / Math.Max(1, part.OutputCost));
            part.FirstItem = items;
            items = checked(items + (part.Outputs + part.ItemOutputs - 1) / part.ItemOutputs);
        }
        return items;
    }

    /// <summary>Matrix and range of outputs of an item.</summary>
    public ref readonly MatMulPart Item(int item, out int from, out int to)
    {
        ref readonly MatMulPart part = ref PartOf(item);
        from = (item - part.FirstItem) * part.ItemOutputs;
        to = Math.Min(part.Outputs, from + part.ItemOutputs);
        return ref part;
    }

    public void Dispose()
    {
        input.Dispose();
        workerScratch.Dispose();
        orderScratch.Dispose();
    }

    readonly struct Work(MatMulCall call, float* scratch, long floatsPerWorker) : IWork
    {
        public void Run(int item, int worker)
        {
            ref readonly MatMulPart part = ref call.Item(item, out int from, out int to);
            part.Kernel.Run(part, call.input, from, to, (byte*)(scratch + worker * floatsPerWorker));
        }
    }

    /// <summary>The last part that begins at or before an item.</summary>
    ref readonly MatMulPart PartOf(int item)
    {
        int low = 0, high = count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (parts[middle].FirstItem <= item) low = middle;
            else high = middle - 1;
        }
        return ref parts[low];
    }
}
