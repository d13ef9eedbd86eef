using System.Text.Json;
using Llama4.Bench.Gpu;
using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Tests.Gpu;
using Llama4.Tests.Kernels;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Bench;

/// <summary>The benchmarks of a GPU, without one and with tiny sizes: a machine that has one is there for minutes only.</summary>
public sealed class GpuBenchTests : IDisposable
{
    static readonly GpuShape tiny = new()
    {
        Width = 256,
        Heads = 4,
        KvHeads = 2,
        HeadDim = 64,
        ExpertWidth = 256,
        Experts = 2,
        Vocabulary = 64,
        Encodings = [Encoding.Q8_0, Encoding.Q4_K],
        PromptRows = 4,
        Batch = 2,
        Depths = [3, 100],
        SweepBytes = 1 << 16,
        RateGroups = 2,
        RateRounds = 2,
        Layers = 4,
        AllLayers = 5,
        Steps = 2,
        SecondsPerCase = 0.001,
    };

    readonly FakeCuda driver = new();

    public static TheoryData<Type> Kernels =>
        [typeof(EmptyKernel), typeof(CopyKernel), typeof(ReadKernel), typeof(BFloatRateKernel), typeof(ByteRateKernel), typeof(FillKernel)];

    public void Dispose() => driver.Dispose();

    [Theory, MemberData(nameof(Kernels))]
    public void Kernels_compile_to_good_text(Type kernel) => PtxChecker.Check(kernel.Name, Text(kernel));

    [Theory, MemberData(nameof(Kernels))]
    public void Kernels_assemble_without_spills(Type kernel)
    {
        Ptxas.Require();
        Ptxas.Check(kernel.Name, Text(kernel));
    }

    static string Text(Type kernel)
    {
        using var compiler = new KernelCompiler();
        return compiler.Compile(KernelEntry.Of(kernel), GpuDevice.GroupThreads);
    }

    [Fact]
    public void A_run_measures_everything() => Emulated.Check(Run, driver.Environment());

    static void Run()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        var log = new StringWriter();
        GpuResult result = new GpuBench(device, tiny, tiny, log).Measure(new Dictionary<string, double> { ["none"] = 0 });
        Assert.Empty(result.LeftOut);
        Assert.Equal(3 * 4, result.Models.Count);
        Assert.True(result.Kernels.Count > 20, $"{result.Kernels.Count}");
        Assert.All(result.Models, row => Assert.True(row.TokensPerSecond > 0));
        Assert.All(result.Kernels, row => Assert.True(row.Microseconds > 0 && row.Gigabytes > 0 && row.Teraflops > 0));
        using JsonDocument json = JsonDocument.Parse(result.ToJson());
        Assert.Equal("Fake H200", json.RootElement.GetProperty("Device").GetString());
        Assert.Equal(result.Kernels.Count, json.RootElement.GetProperty("Kernels").GetArrayLength());
        Assert.Contains("5 layers Q4_K: answer at 100", result.ToTable());
        // Without time everything is named that was left out.
        GpuResult late = new GpuBench(device, tiny, tiny, log) { MostTime = TimeSpan.Zero }.Measure(new Dictionary<string, double>());
        Assert.Empty(late.Models);
        Assert.Equal(3 + result.Kernels.Count, late.LeftOut.Count);
    }

    /// <summary>The stub's kernels do nothing, which is as wrong as can be.</summary>
    [Fact]
    public void A_gpu_that_computes_wrong_is_found_out() => Emulated.Check(Wrong, driver.Environment());

    static void Wrong()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        Assert.Contains(
            "Fake H200 computes wrong: with Q8_0 weights", Assert.Throws<InvalidOperationException>(() => new GpuBench(device, tiny, tiny, TextWriter.Null).Check()).Message);
    }

    [Theory]
    [InlineData(Devices.EmulatedGpu)]
    [InlineData(Devices.Cuda)]
    public void A_gpu_that_computes_right_passes(string name) => Devices.Check(name, static test =>
    {
        GpuShape small = test.IsEmulated ? tiny with { Width = 64, Heads = 2, KvHeads = 1, HeadDim = 32, ExpertWidth = 64, Vocabulary = 32, Layers = 1, Encodings = [Encoding.Q8_0] } : GpuShape.Small;
        IReadOnlyDictionary<string, double> worst = new GpuBench((GpuDevice)test.Device, small, small, TextWriter.Null).Check();
        Assert.Equal(small.Encodings.Select(e => e.ToString()), worst.Keys);
    });

    [Theory]
    [InlineData(Devices.EmulatedGpu)]
    [InlineData(Devices.Cuda)]
    public void Memory_is_filled_and_copied(string name) => Devices.Check(name, static test =>
    {
        var device = (GpuDevice)test.Device;
        using var memory = new DeviceWeights(device);
        Weight weight = memory.Matrix(Encoding.Q8_0, 3, 1024);
        var bytes = new byte[weight.Values.Bytes];
        device.Download<byte>(weight.Values, bytes);
        var numbers = new float[3 * 1024];
        FormatCodec.Decode(Encoding.Q8_0, bytes, numbers);
        Assert.InRange(numbers.Sum(x => x * x) / 3, 0.7, 1.3);
        Assert.NotEqual(numbers[..1024], numbers[1024..2048]);

        Tensor source = memory.New(1, 512), target = memory.New(1, 512);
        device.Upload<float>(Numbers.Normal(1, 512), source);
        device.ForNumbers(2048 / CopyKernel.Bytes, new CopyKernel(source.Address, target.Address, 2048));
        var copied = new float[512];
        device.Download<float>(target, copied);
        Assert.Equal(Numbers.Normal(1, 512), copied);
        device.Launch(1, new ReadKernel(source.Address, 2048, target.Address));
        device.Download<float>(target, copied);
        Assert.NotEqual(Numbers.Normal(1, 1)[0], copied[0]);
    });
}
