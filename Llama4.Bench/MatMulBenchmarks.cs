using BenchmarkDotNet.Attributes;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Bench;

/// <summary>y = x Wᵀ of a Scout-sized matrix: one row is a decode step, many rows are prefill.</summary>
[Config(typeof(KernelConfig))]
public class MatMulBenchmarks : ICounted
{
    const int Inputs = 5120, Outputs = 8192;

    CpuDevice device = null!;
    Weight weight = null!;
    Tensor x, y;

    [Params(Encoding.F32, Encoding.BF16, Encoding.F16, Encoding.F8E4M3, Encoding.Q8_0, Encoding.Q6_K, Encoding.Q5_K, Encoding.Q4_K, Encoding.Q4_0)]
    public Encoding Format { get; set; }

    [Params(1, 8, 128)]
    public int Rows { get; set; }

    public long Bytes => Outputs * Format.RowBytes(Inputs) + 4L * Rows * (Inputs + Outputs);

    public long Operations => 2L * Rows * Inputs * Outputs;

    [GlobalSetup]
    public void Setup()
    {
        device = new CpuDevice();
        weight = new Weight(device.Allocate(Outputs, Inputs, Format));
        var bytes = new byte[weight.Bytes];
        new RandomWeights(Format, 1 / MathF.Sqrt(Inputs), seed: 1).Fill(bytes);
        device.Upload<byte>(bytes, weight.Values);
        x = RandomTensor.Make(device, Rows, Inputs);
        y = device.Allocate(Rows, Outputs, Encoding.F32);
    }

    [Benchmark]
    public void MatMul() => device.MatMul(x, new Projection(weight, y));

    [GlobalCleanup]
    public void Cleanup() => device.Dispose();
}
