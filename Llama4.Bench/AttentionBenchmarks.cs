using BenchmarkDotNet.Attributes;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Bench;

/// <summary>Attention of Scout's shape, 40 query heads over 8 key heads of 128, with a filled cache behind the rows.</summary>
[Config(typeof(KernelConfig))]
public class AttentionBenchmarks : ICounted
{
    const int Heads = 40, KeyHeads = 8, HeadDim = 128, PageRows = 64;

    CpuDevice device = null!;
    StepRows rows;
    KvPages pages;
    KvLayer layer;
    Tensor q, y;

    [Params(Encoding.BF16, Encoding.Q8_0)]
    public Encoding Cache { get; set; }

    /// <summary>Positions before the first row.</summary>
    [Params(0, 4096, 32768)]
    public int Depth { get; set; }

    [Params(1, 64)]
    public int Rows { get; set; }

    public long Bytes => 2L * (Depth + Rows) * KeyHeads * Cache.RowBytes(HeadDim);

    public long Operations => 4L * Rows * (Depth + Rows / 2) * Heads * HeadDim;

    [GlobalSetup]
    public void Setup()
    {
        device = new CpuDevice();
        int length = Depth + Rows, pageCount = (length + PageRows - 1) / PageRows;
        long part = KvLayer.PartBytes(KeyHeads, HeadDim, PageRows, Cache);
        layer = new KvLayer(0, part, KeyHeads, HeadDim, Cache);
        Kernels.Buffer memory = device.Allocate(2 * part * pageCount);
        Tensor table = device.Allocate(1, pageCount, Encoding.I64);
        device.Upload<long>([.. Enumerable.Range(0, pageCount).Select(p => memory.Address + 2 * part * p)], table);
        pages = new KvPages(table, PageRows, 0);
        Tensor k = RandomTensor.Make(device, length, KeyHeads * HeadDim);
        device.KvWrite(k, k, StepFrom(0, length), pages, layer);
        rows = StepFrom(Depth, Rows);
        q = RandomTensor.Make(device, Rows, Heads * HeadDim);
        y = device.Allocate(Rows, Heads * HeadDim, Encoding.F32);
    }

    [Benchmark]
    public void Attention() => device.Attention(q, rows, pages, layer, y);

    [GlobalCleanup]
    public void Cleanup() => device.Dispose();

    StepRows StepFrom(int position, int count)
    {
        Tensor positions = device.Allocate(1, count, Encoding.I32), sequences = device.Allocate(1, count, Encoding.I32);
        device.Upload<int>([.. Enumerable.Range(position, count)], positions);
        return new StepRows(positions, sequences);
    }
}
