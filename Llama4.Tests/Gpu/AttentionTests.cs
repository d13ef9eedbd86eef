using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Llama4.Tests.Kernels;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

/// <summary>Cache and attention, emulated, against the definition.</summary>
public sealed class AttentionTests
{
    [Fact]
    public void Rows_are_written_and_see_exactly_their_positions() => Emulated.Check(Pages);

    [Fact]
    public void Groups_see_each_other() => Emulated.Check(Groups);

    static void Pages()
    {
        using GpuDevice device = EmulatedDevice.Create();
        int seed = 0;
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.F16, Encoding.BF16, Encoding.Q8_0])
            foreach ((int pageRows, int window) in ((int, int)[])[(4, 0), (3, 5)])
            {
                int headDim = encoding == Encoding.Q8_0 ? 64 : 44;
                using var memory = new Workspace(device);
                var cache = new TestCache(memory, ++seed, [9, 3], 2, headDim, encoding, pageRows, window);
                cache.Write(0, 0, 7);
                (int Sequence, int Position)[] rows = [(0, 7), (0, 8), (1, 0)];
                cache.Write(rows);
                cache.AssertNeighbourUntouched();
                const int group = 2;
                int columns = 2 * group * headDim;
                float[] q = Numbers.Normal(seed, rows.Length * columns), y = cache.Attend(rows, q);
                for (int t = 0; t < rows.Length; t++)
                {
                    (int sequence, int position) = rows[t];
                    int from = window == 0 ? 0 : position / window * window;
                    CheckEntry(cache, sequence, position);
                    for (int head = 0; head < 2 * group; head++)
                        AttentionCheck.AssertNear(
                            AttentionCheck.Head(q, t, columns, head, headDim),
                            cache.Stored(sequence, head / group, from, position, keys: true),
                            cache.Stored(sequence, head / group, from, position, keys: false),
                            y.AsSpan(t * columns + head * headDim, headDim), $"{encoding}, window {window}, row {t}, head {head}");
                }
            }
    }

    static void CheckEntry(TestCache cache, int sequence, int position)
    {
        int headDim = cache.Layer.HeadDim;
        for (int head = 0; head < cache.Layer.Heads; head++)
            foreach (bool keys in (bool[])[true, false])
            {
                float[] written = (keys ? cache.Keys : cache.Values)[sequence].AsSpan((position * cache.Layer.Heads + head) * headDim, headDim).ToArray();
                double[] stored = cache.Stored(sequence, head, position, position, keys);
                for (int c = 0; c < headDim; c++)
                {
                    double largest = written.Skip(c / 32 * 32).Take(32).Max(Math.Abs);
                    Assert.InRange(stored[c] - written[c], -KvEntry.Tolerance(cache.Layer.Encoding, written[c], largest), KvEntry.Tolerance(cache.Layer.Encoding, written[c], largest));
                }
            }
    }

    static void Groups()
    {
        const int groupRows = 3, heads = 2, headDim = 88, columns = heads * headDim, rows = 2 * groupRows;
        using GpuDevice device = EmulatedDevice.Create();
        using var memory = new Workspace(device);
        float[] q = Numbers.Normal(1, rows * columns), k = Numbers.Normal(2, rows * columns), v = Numbers.Normal(3, rows * columns);
        Tensor y = memory.New(rows, columns);
        device.GroupAttention(memory.Floats(q, rows, columns), memory.Floats(k, rows, columns), memory.Floats(v, rows, columns), groupRows, heads, y);
        float[] actual = memory.Read(y);
        for (int t = 0; t < rows; t++)
            for (int head = 0; head < heads; head++)
            {
                IEnumerable<int> seen = Enumerable.Range(t / groupRows * groupRows, groupRows);
                AttentionCheck.AssertNear(
                    AttentionCheck.Head(q, t, columns, head, headDim),
                    [.. seen.SelectMany(r => AttentionCheck.Head(k, r, columns, head, headDim))],
                    [.. seen.SelectMany(r => AttentionCheck.Head(v, r, columns, head, headDim))],
                    actual.AsSpan(t * columns + head * headDim, headDim), $"row {t}, head {head}");
            }
    }
}
