namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void KvWrite(Tensor k, Tensor v, StepRows rows, KvPages pages, KvLayer layer)
    {
        int columns = checked(layer.Heads * layer.HeadDim);
        Check.Input(k, k.Rows, columns);
        Check.Input(v, k.Rows, columns);
        var cache = new KvView(rows, k.Rows, pages, layer);
        // A later chunk takes the slots of the one before, which an earlier row of this step would still have to see.
        for (int t = 1; t < k.Rows; t++)
            if (cache.Sequences[t] == cache.Sequences[t - 1] && !cache.SameChunk(t, t - 1))
                throw new ArgumentException(
                    $"KvWrite: positions {cache.Positions[t - 1]} and {cache.Positions[t]} lie in different windows of {pages.Window}; split the step there", nameof(rows));
        team.For(new KvWriteWork((float*)k.Address, (float*)v.Address, cache), k.Rows, alone: k.Count < SmallWork);
    }

    /// <summary>One item is one row.</summary>
    readonly struct KvWriteWork(float* k, float* v, KvView cache) : IWork
    {
        public void Run(int item, int worker)
        {
            int sequence = cache.Sequences[item], slot = cache.Slot(item);
            for (int head = 0; head < cache.Heads; head++)
            {
                long column = ((long)item * cache.Heads + head) * cache.HeadDim;
                KvCodec.Encode(k + column, cache.HeadDim, cache.Encoding, cache.Key(sequence, head, slot));
                KvCodec.Encode(v + column, cache.HeadDim, cache.Encoding, cache.Value(sequence, head, slot));
            }
        }
    }
}
