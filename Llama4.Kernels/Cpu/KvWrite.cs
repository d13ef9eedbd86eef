namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void KvWrite(Tensor k, Tensor v, StepRows rows, KvPages pages, KvLayer layer)
    {
        CheckKv(rows, pages, layer, k.Rows);
        int columns = checked(layer.Heads * layer.HeadDim);
        Check.Input(k, k.Rows, columns);
        Check.Input(v, k.Rows, columns);
        var cache = new KvView(rows, pages, layer);
        CheckWindows(cache, k.Rows);
        team.For(new KvWriteWork((float*)k.Address, (float*)v.Address, cache), k.Rows, alone: k.Count < SmallWork);
    }

    /// <summary>One item is one row.</summary>
    readonly struct KvWriteWork(float* k, float* v, KvView cache) : IWork
    {
        public void Run(int item, int worker)
        {
            int slot = cache.Slot(cache.Positions[item]);
            byte* page = cache.Page(cache.Sequences[item], slot);
            for (int head = 0; head < cache.Heads; head++)
            {
                long column = ((long)item * cache.Heads + head) * cache.HeadDim;
                KvCodec.Encode(k + column, cache.HeadDim, cache.Encoding, cache.KeyRow(page, head, slot));
                KvCodec.Encode(v + column, cache.HeadDim, cache.Encoding, cache.ValueRow(page, head, slot));
            }
        }
    }

    static void CheckKv(StepRows rows, KvPages pages, KvLayer layer, int count, [System.Runtime.CompilerServices.CallerMemberName] string operation = "")
    {
        Check.Input(rows.Positions, 1, count, Encoding.I32, operation: operation);
        Check.Input(rows.Sequences, 1, count, Encoding.I32, operation: operation);
        Check.Input(pages.Table, pages.Table.Rows, pages.Table.Columns, Encoding.I64, operation: operation);
        if (pages.PageRows < 1 || pages.Window < 0)
            throw new ArgumentException($"{operation}: pages of {pages.PageRows} rows, window {pages.Window}", nameof(pages));
        if (layer.Heads < 1 || layer.HeadDim < 1 || layer.KeyOffset < 0 || layer.ValueOffset < 0)
            throw new ArgumentException($"{operation}: {layer}", nameof(layer));
        if (layer.Encoding is not (Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.Q8_0) || layer.HeadDim % layer.Encoding.BlockLength() != 0)
            throw new ArgumentException($"{operation}: cache entries {layer.Encoding} with heads of {layer.HeadDim}; expected F32, F16, BF16, or Q8_0 with a multiple of 32", nameof(layer));
        var view = new KvView(rows, pages, layer);
        Check.Rows(new ReadOnlySpan<int>(view.Sequences, count), pages.Table.Rows, nameof(rows), operation);
        for (int t = 0; t < count; t++) view.CheckPages(t, operation);
    }

    // A later chunk of the same sequence takes the slots of the one before, which an earlier row of this step would still have to see.
    static void CheckWindows(in KvView cache, int count)
    {
        for (int t = 1; t < count; t++)
            if (cache.Sequences[t] == cache.Sequences[t - 1] && cache.ChunkStart(cache.Positions[t]) != cache.ChunkStart(cache.Positions[t - 1]))
                throw new ArgumentException(
                    $"KvWrite: positions {cache.Positions[t - 1]} and {cache.Positions[t]} of one sequence lie in different windows of {cache.Window}; split the step there");
    }
}
