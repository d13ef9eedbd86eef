namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y)
    {
        CheckKv(rows, pages, layer, y.Rows);
        Check.Input(q, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        int keyColumns = checked(layer.Heads * layer.HeadDim);
        if (y.Columns == 0 || y.Columns % keyColumns != 0)
            throw new ArgumentException($"Attention: rows of {y.Columns} numbers are not a multiple of {layer.Heads} key heads of {layer.HeadDim}", nameof(q));
        int heads = y.Columns / layer.HeadDim;
        team.For(new AttentionWork((float*)q.Address, new KvView(rows, pages, layer), heads, (float*)y.Address), checked(y.Rows * heads));
    }

    /// <summary>One item is one head of one row.</summary>
    readonly struct AttentionWork(float* q, KvView cache, int heads, float* y) : IWork
    {
        public void Run(int item, int worker)
        {
            int row = item / heads, head = item % heads;
            int keyHead = head / (heads / cache.Heads);
            int n = cache.HeadDim;
            float* query = q + (long)item * n;
            float* sum = y + (long)item * n;
            float* entry = stackalloc float[n];
            float scale = 1 / MathF.Sqrt(n);
            float largest = float.NegativeInfinity, total = 0;
            new Span<float>(sum, n).Clear();
            int last = cache.Slot(cache.Positions[row]);
            for (int slot = 0; slot <= last; slot++)
            {
                byte* page = cache.Page(cache.Sequences[row], slot);
                KvCodec.Decode(cache.KeyRow(page, keyHead, slot), n, cache.Encoding, entry);
                float score = 0;
                for (int i = 0; i < n; i++) score += query[i] * entry[i];
                score *= scale;
                float before = MathF.Exp(largest - MathF.Max(largest, score));
                largest = MathF.Max(largest, score);
                float weight = MathF.Exp(score - largest);
                total = total * before + weight;
                KvCodec.Decode(cache.ValueRow(page, keyHead, slot), n, cache.Encoding, entry);
                for (int i = 0; i < n; i++) sum[i] = sum[i] * before + weight * entry[i];
            }
            for (int i = 0; i < n; i++) sum[i] /= total;
        }
    }
}
