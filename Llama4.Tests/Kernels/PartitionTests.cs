using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Kernels;

/// <summary>
/// The items of products with Scout's matrices, dealt out as the team does: the next free thread takes the next item. Cost is bytes read, times
/// the rows that they meet.
/// </summary>
public sealed class PartitionTests
{
    const int LeastItemBytes = 4096;

    // Of Scout's matrices with many rows, the smallest have 320 tiles of 16 outputs: 6 for one of 63 threads, whose mean is 5.08.
    const double Worst = 1.19;

    /// <summary>The products of a layer, the router aside, and of the head.</summary>
    public static TheoryData<string, int[], int, int> Products() => new()
    {
        { "q, k, v", [5120, 1024, 1024], 5120, 1 },
        { "o", [5120], 5120, 1 },
        { "gate, up", [8192, 8192], 5120, 1 },
        { "down", [5120], 8192, 1 },
        { "head", [202048], 5120, 1 },
        { "q, k, v", [5120, 1024, 1024], 5120, 128 },
        { "o", [5120], 5120, 128 },
        { "gate, up", [8192, 8192], 5120, 128 },
        { "down", [5120], 8192, 128 },
    };

    [Theory]
    [MemberData(nameof(Products))]
    public void One_to_64_threads_share_a_product_evenly(string name, int[] outputs, int inputs, int rows)
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Q4_K, Encoding.Q8_0, Encoding.BF16])
        {
            using var call = new MatMulCall();
            foreach (int count in outputs) Add(call, encoding, count, inputs, rows);
            Check(call, $"{name} {encoding}, {rows} rows");
        }
    }

    /// <summary>128 rows over 16 experts, of which some are chosen often and some not at all.</summary>
    [Theory]
    [InlineData(2, 8192, 5120)]
    [InlineData(1, 5120, 8192)]
    public void One_to_64_threads_share_uneven_experts_evenly(int projections, int outputs, int inputs)
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Q4_K, Encoding.Q8_0, Encoding.BF16])
        {
            using var call = new MatMulCall();
            for (int i = 0; i < projections; i++)
                foreach (int rows in (int[])[40, 25, 16, 12, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1]) Add(call, encoding, outputs, inputs, rows);
            Check(call, $"experts {encoding}");
        }
    }

    [Fact]
    public void A_small_matrix_is_cut_into_as_many_items_as_are_worth_their_handing_out()
    {
        using var call = new MatMulCall();
        Add(call, Encoding.BF16, 16, 5120, 1);   // the router: rows of 10 KB
        Assert.Equal(16, call.Cut(64));
    }

    static void Add(MatMulCall call, Encoding encoding, int outputs, int inputs, int rows) => call.Add(new MatMulPart
    {
        Kernel = CpuPath.Of(CpuPath.Auto).Kernels(ActivationPrecision.Int8)[(int)encoding]!,
        RowBytes = encoding.RowBytes(inputs),
        OutputBytes = encoding.RowBytes(inputs),
        Outputs = outputs,
        Rows = rows,
    });

    static void Check(MatMulCall call, string what)
    {
        for (int threads = 1; threads <= 64; threads++)
        {
            (long Cost, long Least)[] items = Items(call, threads);
            double mean = (double)items.Sum(item => item.Cost) / threads;
            // When the last item is begun, no thread is behind the mean: the end is at most that item later. It is a twelfth of a thread's work, or
            // the least that a kernel takes at a time, a tile of outputs.
            double item = Math.Max(mean / MatMulCall.ItemsPerThread, items.Max(item => item.Least));
            double slowest = Deal(items, threads);
            Assert.True(slowest <= mean + item, $"{what}, {threads} threads: the slowest does {slowest / mean:f3} of the mean, {items.Length} items");
            Assert.True(slowest <= Worst * mean, $"{what}, {threads} threads: tiles are too large, {slowest / mean:f3} of the mean");
        }
    }

    static (long Cost, long Least)[] Items(MatMulCall call, int threads)
    {
        var items = new (long, long)[call.Cut(threads)];
        for (int i = 0; i < items.Length; i++)
        {
            ref readonly MatMulPart part = ref call.Item(i, out int from, out int to);
            if (to < part.Outputs) Assert.InRange((to - from) * part.OutputBytes, LeastItemBytes, long.MaxValue);
            items[i] = ((to - from) * part.OutputCost, part.Kernel.ItemOutputs(part, 0) * part.OutputCost);
        }
        return items;
    }

    /// <summary>When the last thread is done.</summary>
    static long Deal((long Cost, long Least)[] items, int threads)
    {
        var free = new PriorityQueue<int, long>();
        for (int thread = 0; thread < threads; thread++) free.Enqueue(thread, 0);
        long end = 0;
        foreach ((long cost, _) in items)
        {
            free.TryDequeue(out int thread, out long at);
            free.Enqueue(thread, at + cost);
            end = Math.Max(end, at + cost);
        }
        return end;
    }
}
