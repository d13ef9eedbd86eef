using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

public sealed class AttentionTests
{
    public static TheoryData<string> Names => Devices.All;

    public static TheoryData<string> Processors => Devices.Processors;

    public static TheoryData<string> Gpus => [Devices.EmulatedGpu, Devices.Cuda];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_row_sees_exactly_its_positions_in_every_layout(string name) => Devices.Check(name, static test =>
    {
        int seed = 0;
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.F16, Encoding.BF16, Encoding.Q8_0])
            foreach ((int pageRows, int window) in test.Cases([(64, 0), (5, 0), (16, 24), (64, 64), (3, 100), (128, 100)], (5, 0), (16, 24)))
                foreach ((int keyHeads, int group, int headDim) in encoding == Encoding.Q8_0
                    ? test.Cases([(2, 5, 32)], (1, 2, 64)) : test.Cases([(1, 1, 1), (2, 3, 8), (1, 5, 32), (2, 2, 44)], (1, 2, 44)))
                {
                    using var memory = new Workspace(test.Device);
                    int written = test.IsEmulated ? 17 : 97, end = written + 33;
                    var cache = new TestCache(memory, ++seed, [end, 40, 7], keyHeads, headDim, encoding, pageRows, window);
                    cache.Write(0, 0, written);
                    cache.Write(1, 0, 39);
                    // Prefill of one sequence beside decode of another and the start of a third.
                    int from = window > 0 && window < written ? written / window * window : written - 7;
                    int to = window == 0 ? end : Math.Min(end, (from / window + 1) * window);
                    (int, int)[] rows = [(1, 39), .. Enumerable.Range(from, to - from).Select(p => (0, p)), (2, 0), (2, 1), (2, 2)];
                    cache.Write(rows);
                    CheckAll(test, cache, rows, group, seed);
                }
    });

    /// <summary>Head widths of real models, and more query heads to a key head than one warp of a GPU takes.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Wide_heads_see_their_positions(string name) => Devices.Check(name, static test =>
    {
        int seed = 50;
        foreach (Encoding encoding in (Encoding[])[Encoding.F16, Encoding.BF16, Encoding.Q8_0])
            foreach ((int keyHeads, int group, int headDim, int pageRows, int window) in test.Cases(
                [(2, 5, 128, 64, 0), (1, 9, 64, 16, 48), (1, 1, 128, 64, 8192)], (2, 5, 128, 32, 0), (1, 9, 64, 16, 48)))
            {
                using var memory = new Workspace(test.Device);
                var cache = new TestCache(memory, ++seed, [100, 5], keyHeads, headDim, encoding, pageRows, window);
                cache.Write(0, 0, window == 48 ? 92 : 68);
                cache.Write(1, 0, 5);
                CheckAll(test, cache, [(0, window == 48 ? 91 : 67), (1, 4), (1, 0)], group, seed, size: 1);
            }
    });

    /// <summary>Rows enough for a GPU to let them share their keys: some alone, then a sequence over several tiles, then parts of others.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Many_rows_of_wide_heads_see_their_positions(string name) => Devices.Check(name, static test =>
    {
        int seed = 70;
        foreach (Encoding encoding in (Encoding[])[Encoding.F16, Encoding.BF16, Encoding.Q8_0])
            foreach ((int keyHeads, int group, int headDim, int pageRows, int window) in test.Cases(
                [(2, 5, 128, 64, 0), (1, 9, 64, 16, 48), (3, 1, 128, 32, 64)], (1, 3, encoding == Encoding.F16 ? 64 : 128, 16, 0), (2, 2, 64, 16, 48)))
            {
                using var memory = new Workspace(test.Device);
                var cache = new TestCache(memory, ++seed, [3, 95, 60], keyHeads, headDim, encoding, pageRows, window);
                cache.Write(0, 0, 3);
                cache.Write(1, 0, 95);
                cache.Write(2, 0, 60);
                int from = window == 0 ? 62 : window;
                (int, int)[] rows = [(0, 2), .. Enumerable.Range(from, 16).Select(p => (1, p)), (2, 50), (2, 51), (2, 52)];
                CheckAll(test, cache, rows, group, seed, size: 1);
                CheckAll(test, cache, rows, group, seed, size: 1, alone: 1);
            }
    });

    /// <summary>On a GPU, which cannot throw: the processor's answer is below.</summary>
    [Theory]
    [MemberData(nameof(Gpus))]
    public void A_missing_page_makes_NaN_of_the_rows_that_see_it(string name) => Devices.Check(name, static test =>
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.BF16, Encoding.Q8_0])
            foreach (int count in (int[])[2, 17])
            {
                using var memory = new Workspace(test.Device);
                var cache = new TestCache(memory, 3, [33], 1, 64, encoding, pageRows: 16, window: 0);
                cache.Write(0, 0, 33);
                // Position 48 would be in a page that the sequence does not have; position 20 is in one that it has.
                (int, int)[] rows = [(0, 20), .. Enumerable.Range(0, count - 1).Select(i => (0, 48 + i))];
                float[] y = cache.Attend(rows, Numbers.Normal(1, count * 128));
                Assert.All(y[128..], value => Assert.True(float.IsNaN(value)));
                // Where rows share a tile of values, the first may be spoiled as well; it is of the same sequence.
                if (count == 2) Assert.All(y[..128], value => Assert.True(float.IsFinite(value)));
            }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_chunk_begins_anew_and_does_not_slide(string name) => Devices.Check(name, static test =>
    {
        int chunk = test.IsEmulated ? 80 : 8192;
        using var memory = new Workspace(test.Device);
        var cache = new TestCache(memory, 1, [chunk + 2], 1, 8, Encoding.F32, 64, chunk);
        cache.Write(0, 0, chunk);
        CheckAll(test, cache, [(0, chunk - 2), (0, chunk - 1)], 2, 3);
        cache.Write(0, chunk, chunk + 1);
        CheckAll(test, cache, [(0, chunk)], 2, 4);
        cache.Write(0, chunk + 1, chunk + 2);
        CheckAll(test, cache, [(0, chunk + 1)], 2, 5);
        CheckAll(test, cache, [(0, chunk), (0, chunk + 1)], 2, 6);
        // The first row of a chunk sees only itself: its value, exactly.
        Numbers.AssertSameBits(cache.Values[0].AsSpan(chunk * 8, 8), cache.Attend([(0, chunk)], Numbers.Normal(9, 8)), $"row {chunk}");
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_a_window_everything_before_is_seen(string name) => Devices.Check(name, static test =>
    {
        using var memory = new Workspace(test.Device);
        int length = test.IsEmulated ? 130 : 8194;
        var cache = new TestCache(memory, 1, [length], 1, 8, Encoding.BF16, 64, 0);
        cache.Write(0, 0, length);
        CheckAll(test, cache, [.. test.Cases([1022, 1023, 1024, 1025, 2047, 2048, 8191, 8192, 8193], 63, 64, 129).Select(p => (0, p))], 3, 3);
    });

    [Theory]
    [MemberData(nameof(Processors))]
    public void Together_and_alone_give_the_same_bits(string name) => Devices.Check(name, static test =>
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.BF16, Encoding.Q8_0])
            foreach (int window in (int[])[0, 2500])
            {
                const int group = 5, headDim = 32, columns = 2 * group * headDim;
                (int, int)[] rows = [.. Enumerable.Range(1000, 60).Select(p => (0, p)), .. Enumerable.Range(2300, 40).Select(p => (1, p)), (2, 0), (3, 1023)];
                float[] q = Numbers.Normal(3, rows.Length * columns);
                using var memory = new Workspace(test.Device);
                var cache = new TestCache(memory, 2, [1060, 2340, 1, 1024], 2, headDim, encoding, 64, window);
                for (int s = 0; s < 4; s++) cache.Write(s, 0, cache.Keys[s].Length / (2 * headDim));
                float[] all = cache.Attend(rows, q);
                // Alone, in small groups, and on another number of threads.
                for (int i = 0; i < rows.Length; i += 9)
                    Numbers.AssertSameBits(all.AsSpan(i * columns, columns), cache.Attend([rows[i]], q[(i * columns)..((i + 1) * columns)]), $"row {i} alone");
                for (int i = 3; i < rows.Length; i += 13)
                {
                    int end = Math.Min(rows.Length, i + 7);
                    Numbers.AssertSameBits(all.AsSpan(i * columns, (end - i) * columns), cache.Attend(rows[i..end], q[(i * columns)..(end * columns)]), $"rows {i} to {end}");
                }
                using var otherMemory = new Workspace(Devices.Get("CPU, 1 thread"));
                var other = new TestCache(otherMemory, 2, [1060, 2340, 1, 1024], 2, headDim, encoding, 16, window);
                for (int s = 0; s < 4; s++) other.Write(s, 0, other.Keys[s].Length / (2 * headDim));
                Numbers.AssertSameBits(other.Attend(rows, q), all, "one thread, other pages");
            }
    });

    [Fact]
    public void One_row_over_a_long_context_is_shared_by_many_threads_without_a_trace()
    {
        const int length = 32_768, heads = 8, headDim = 8;
        float[] q = Numbers.Normal(1, 5 * heads * headDim);
        float[]? expected = null;
        foreach (int threads in (int[])[1, 2, 7, 64])
        {
            using var device = new CpuDevice(new CpuOptions { Threads = threads });
            using var memory = new Workspace(device);
            var cache = new TestCache(memory, 6, [length], heads, headDim, Encoding.BF16, 1024, 0);
            cache.Write(0, 0, length);
            float[] y = cache.Attend([(0, length - 1)], q);
            Numbers.AssertSameBits(expected ??= y, y, $"{threads} threads");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_broken_key_spoils_only_the_rows_that_see_it(string name) => Devices.Check(name, static test =>
    {
        using var memory = new Workspace(test.Device);
        var cache = new TestCache(memory, 4, [80], 1, 16, Encoding.F32, 64, 0);
        cache.Keys[0][70 * 16] = float.NaN;
        cache.Values[0][75 * 16] = float.PositiveInfinity;
        cache.Write(0, 0, 80);
        (int, int)[] rows = [.. Enumerable.Range(60, 20).Select(p => (0, p))];
        float[] y = cache.Attend(rows, Numbers.Normal(1, 20 * 32));
        for (int i = 0; i < rows.Length; i++)
            Assert.All(y[(i * 32)..((i + 1) * 32)], value => Assert.Equal(rows[i].Item2 < 70, float.IsFinite(value)));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Huge_scores_do_not_overflow(string name) => Devices.Check(name, static test =>
    {
        using var memory = new Workspace(test.Device);
        var cache = new TestCache(memory, 4, [70], 1, 8, Encoding.F32, 64, 0);
        cache.Write(0, 0, 70);
        CheckAll(test, cache, [(0, 69)], 2, 1, size: 1e4f);
        CheckAll(test, cache, [(0, 69)], 2, 1, size: 1e-30f);
        CheckAll(test, cache, [(0, 69)], 2, 1, size: 0);
    });

    [Fact]
    public void Nothing_is_allocated_once_the_sizes_were_seen()
    {
        // Of its own: waiting for a device that another test uses allocates.
        using var device = new CpuDevice(new CpuOptions { Threads = 2 });
        using var memory = new Workspace(device);
        var cache = new TestCache(memory, 4, [1500], 2, 16, Encoding.F16, 64, 0);
        cache.Write(0, 0, 1500);
        (int, int)[] rows = [.. Enumerable.Range(1400, 100).Select(p => (0, p))];
        StepRows step = cache.Rows(rows);
        Tensor q = memory.Floats(Numbers.Normal(1, 100 * 64), 100, 64), y = memory.New(100, 64);
        device.Attention(q, step, cache.Pages, cache.Layer, y);
        Allocations.AssertNone(() =>
        {
            for (int round = 0; round < 10; round++) device.Attention(q, step, cache.Pages, cache.Layer, y);
        });
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        using var memory = new Workspace(Devices.Get("CPU, 2 threads"));
        var cache = new TestCache(memory, 1, [9, 9], 2, 8, Encoding.F32, 4, 0);
        cache.Write(0, 0, 9);
        Device device = memory.Device;
        Tensor q = memory.New(1, 32), y = memory.New(1, 32);
        Assert.Throws<ArgumentException>(() => device.Attention(memory.New(1, 24), cache.Rows([(0, 0)]), cache.Pages, cache.Layer, memory.New(1, 24)));
        Assert.Throws<ArgumentException>(() => device.Attention(q, cache.Rows([(0, 0)]), cache.Pages, cache.Layer, memory.New(1, 16)));
        Assert.Throws<ArgumentException>(() => device.Attention(q, cache.Rows([(0, 0), (0, 1)]), cache.Pages, cache.Layer, y));
        Assert.Throws<ArgumentException>(() => device.Attention(q, cache.Rows([(0, 12)]), cache.Pages, cache.Layer, y));
        Assert.Throws<ArgumentException>(() => device.Attention(q, cache.Rows([(0, 100)]), cache.Pages, cache.Layer, y));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Attention(q, cache.Rows([(0, -1)]), cache.Pages, cache.Layer, y));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Attention(q, cache.Rows([(2, 0)]), cache.Pages, cache.Layer, y));
        device.Attention(memory.New(0, 32), cache.Rows([]), cache.Pages, cache.Layer, memory.New(0, 32));
    }

    static void CheckAll(TestDevice test, TestCache cache, (int Sequence, int Position)[] rows, int group, int seed, float size = 2, int alone = 0)
    {
        int headDim = cache.Layer.HeadDim, heads = cache.Layer.Heads * group, columns = heads * headDim;
        float[] q = Numbers.Normal(seed, rows.Length * columns, size);
        float[] y = cache.Attend(rows, q, alone);
        for (int i = 0; i < rows.Length; i++)
        {
            (int sequence, int position) = rows[i];
            int start = cache.Pages.Window == 0 ? 0 : position / cache.Pages.Window * cache.Pages.Window;
            for (int keyHead = 0; keyHead < cache.Layer.Heads; keyHead++)
            {
                double[] keys = cache.Stored(sequence, keyHead, start, position, keys: true);
                double[] values = cache.Stored(sequence, keyHead, start, position, keys: false);
                for (int head = keyHead * group; head < (keyHead + 1) * group; head++)
                    AttentionCheck.AssertNear(
                        AttentionCheck.Head(q, i, columns, head, headDim), keys, values, y.AsSpan(i * columns + head * headDim, headDim), test.Exponential,
                        $"{cache.Layer}, {cache.Pages.PageRows} rows, window {cache.Pages.Window}: sequence {sequence}, position {position}, head {head}",
                        test.Rounding(cache.Layer, cache.Pages.PageRows));
            }
        }
    }
}
