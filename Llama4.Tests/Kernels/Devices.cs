using ILGPU;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Driver;
using Llama4.Tests.Gpu;

namespace Llama4.Tests.Kernels;

/// <summary>
/// The devices that every operation is tested on: the processor with several numbers of threads, the GPU's kernels emulated, and a GPU where there is one.
/// </summary>
static class Devices
{
    public const string EmulatedGpu = "GPU, emulated", Cuda = "GPU, CUDA", CudaBytes = "GPU, CUDA, inputs as bytes";

    // The kernels below the level that needs patches must do the same: .ci/gpu runs the table for both.
    static readonly OptimizationLevel level = Enum.Parse<OptimizationLevel>(Environment.GetEnvironmentVariable("LLAMA4_CUDA_LEVEL") ?? nameof(OptimizationLevel.O2));

    static readonly Dictionary<string, Lazy<Device>> devices = new()
    {
        ["CPU, 1 thread"] = new(() => new CpuDevice(new CpuOptions { Threads = 1 })),
        ["CPU, 2 threads"] = new(() => new CpuDevice(new CpuOptions { Threads = 2 })),
        ["CPU, 3 threads"] = new(() => new CpuDevice(new CpuOptions { Threads = 3 })),
        // Two warps in a group, so that sums go beyond one. Inputs of linear layers are not rounded, so that what is compared is bound by float rounding.
        [EmulatedGpu] = new(() => EmulatedDevice.Create(groupThreads: 64, ActivationPrecision.Float32)),
        [Cuda] = new(() => GpuDevice.OpenCuda(activations: ActivationPrecision.Float32, level: level)),
        // As users have it: only for whole models, since its inputs are rounded.
        [CudaBytes] = new(() => GpuDevice.OpenCuda(level: level)),
    };

    static readonly Lock gpu = new();

    /// <summary>Rows of a theory whose body is given to <see cref="Check"/>.</summary>
    public static TheoryData<string> All => [.. devices.Keys.Where(name => name != CudaBytes)];

    /// <summary>Rows of a theory about what only the processor does: looking at the data before it computes.</summary>
    public static TheoryData<string> Processors => [.. devices.Keys.Where(name => name.StartsWith("CPU", StringComparison.Ordinal))];

    public static Device Get(string name) => devices[name].Value;

    /// <summary>Runs a check on a device; that on the emulated GPU runs in another process.</summary>
    /// <param name="check">A static lambda: it starts from nothing but the device.</param>
    public static void Check(string name, Action<TestDevice> check)
    {
        if (name == EmulatedGpu) Emulated.Check(check);
        else if (name is Cuda or CudaBytes) OnCuda(name, check);
        else check(new TestDevice(Get(name)));
    }

    static void OnCuda(string name, Action<TestDevice> check)
    {
        string? problem = CudaDriver.Problem();
        Assert.SkipWhen(problem is not null, problem ?? "");
        // A device is for one thread at a time, and tests run on several.
        lock (gpu) check(new TestDevice(Get(name)));
    }
}
