using BenchmarkDotNet.Attributes;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Bench;

/// <summary>The operations between the matrix products: they move little and compute little, and must not cost more than that.</summary>
[Config(typeof(KernelConfig))]
public class RowBenchmarks : ICounted
{
    const int Width = 8192;

    CpuDevice device = null!;
    Tensor x, y, w;

    [Params(1, 128)]
    public int Rows { get; set; }

    public long Bytes => 2L * 4 * Rows * Width;

    public long Operations => 4L * Rows * Width;

    [GlobalSetup]
    public void Setup()
    {
        device = new CpuDevice();
        x = RandomTensor.Make(device, Rows, Width);
        y = RandomTensor.Make(device, Rows, Width);
        w = RandomTensor.Make(device, 1, Width);
    }

    [Benchmark]
    public void RmsNorm() => device.RmsNorm(x, w, 1e-5f, y);

    [Benchmark]
    public void SiluMul() => device.SiluMul(x, x, y);

    [Benchmark]
    public void AddRows() => device.AddRows(x, y);

    [GlobalCleanup]
    public void Cleanup() => device.Dispose();
}
