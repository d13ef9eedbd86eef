using System.Text.RegularExpressions;
using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Core.Images;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Driver;
using Llama4.Tests.Gpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Generation;

/// <summary>The demo model on a processor and a GPU of chosen memory, which is the processor again with memory of its own.</summary>
public sealed class PlacementChoiceTests
{
    const long Mebibyte = 1 << 20;

    static readonly GenerationOptions shortAnswer = new() { Temperature = 0, MaxTokens = 12 };

    static Llama Load(LlamaOptions options, long? free, out SeparateDevice host, out SeparateDevice? gpu)
    {
        SeparateDevice processor = host = new();
        SeparateDevice? accelerator = gpu = free is null ? null : new SeparateDevice { Free = free };
        return LlamaLoader.Load(Checkpoint.Open(Llama.DemoModelPath), options, _ => new DeviceSet(processor, accelerator), null, DemoModel.Cancel);
    }

    static Task<Completion> AskAsync(Llama llama)
    {
        var picture = RgbImage.Load(Path.Combine(Llama.DemoModelPath, "images", "003.png"));
        return llama.ChatAsync([ChatMessage.User([new ImagePart(picture), new TextPart("How many shapes are there?")])], shortAnswer, DemoModel.Cancel)
            .WholeAsync();
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(8, 5)]
    [InlineData(99, 99)]
    public async Task Answers_do_not_depend_on_the_placement(int? layers, int cpuExperts)
    {
        using Llama whole = Load(new LlamaOptions(), free: null, out _, out _);
        using Llama spread = Load(new LlamaOptions { Device = "cuda", GpuLayers = layers, CpuExperts = cpuExperts }, 1L << 40, out SeparateDevice host, out SeparateDevice? gpu);
        Assert.Equal((await AskAsync(whole)).Text, (await AskAsync(spread)).Text);
        Assert.Null(spread.DeviceNote);
        Assert.Equal(layers == 0, gpu!.AllocatedBytes == 0);
        Assert.Equal(layers is null, host.AllocatedBytes == 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(521)]
    [InlineData(526)]
    [InlineData(532)]
    public void What_does_not_fit_is_refused_with_numbers_and_what_is_advised_fits(long mebibytes)
    {
        var options = new LlamaOptions { Device = "cuda" };
        string message = Assert.Throws<OutOfMemoryException>(() => Load(options, mebibytes * Mebibyte, out _, out _)).Message;
        Match advice = Regex.Match(message, @"^8 layers take [\d,]+ bytes on .*; ([\d,]+) are free. What fits: gpu_layers (\d)(?:, or cpu_experts (\d) with these layers)?$");
        Assert.True(advice.Success, message);
        Assert.Equal($"{mebibytes * Mebibyte:N0}", advice.Groups[1].Value);
        int layers = int.Parse(advice.Groups[2].Value);
        Load(options with { GpuLayers = layers }, mebibytes * Mebibyte, out _, out _).Dispose();
        Assert.Throws<OutOfMemoryException>(() => Load(options with { GpuLayers = layers + 1 }, mebibytes * Mebibyte, out _, out _));
        if (!advice.Groups[3].Success) return;
        int experts = int.Parse(advice.Groups[3].Value);
        Load(options with { CpuExperts = experts }, mebibytes * Mebibyte, out _, out _).Dispose();
        Assert.Throws<OutOfMemoryException>(() => Load(options with { CpuExperts = experts - 1 }, mebibytes * Mebibyte, out _, out _));
    }

    [Theory]
    [InlineData(0, "the processor computes: not one layer")]
    [InlineData(526, "of 8 layers are on")]
    [InlineData(10_000, null)]
    public async Task Auto_takes_what_fits_and_tells(long mebibytes, string? note)
    {
        using Llama llama = Load(new LlamaOptions { Device = "auto" }, mebibytes * Mebibyte, out _, out SeparateDevice? gpu);
        if (note is null) Assert.Null(llama.DeviceNote);
        else Assert.Contains(note, llama.DeviceNote);
        Assert.Equal(mebibytes == 0, gpu!.AllocatedBytes == 0);
        Assert.True(llama.ContextSize > 100);
        Assert.True((await AskAsync(llama)).CompletionTokens > 1);
    }

    [Fact]
    public async Task Without_a_GPU_auto_computes_on_the_processor_and_says_why_and_cuda_is_refused()
    {
        if (CudaDriver.Problem() is not { } problem)
        {
            Assert.Skip("there is a GPU");
            return;
        }
        await using Llama llama = await Llama.LoadAsync(options: new LlamaOptions { Device = "auto" }, cancel: DemoModel.Cancel);
        Assert.Equal("the processor computes: " + problem, llama.DeviceNote);
        var refusal = await Assert.ThrowsAsync<DeviceUnavailableException>(() => Llama.LoadAsync(options: new LlamaOptions { Device = "cuda:1" }, cancel: DemoModel.Cancel));
        Assert.Equal(problem, refusal.Message);
    }

    /// <summary>A driver that runs nothing: where things go, not what comes out.</summary>
    [Fact]
    public void A_GPU_is_opened_by_its_name()
    {
        using var driver = new FakeCuda();
        Emulated.Check(OnCuda, driver.Environment());
    }

    static void OnCuda()
    {
        foreach (string device in new[] { "auto", "cuda", "cuda:0" })
            using (Llama llama = Llama.LoadAsync(options: new LlamaOptions { Device = device }).GetAwaiter().GetResult())
                Assert.Equal(("Fake H200", null), (llama.DeviceName, llama.DeviceNote));
        using Llama spread = Llama.LoadAsync(options: new LlamaOptions { Device = "cuda", GpuLayers = 2 }).GetAwaiter().GetResult();
        Assert.EndsWith(" and Fake H200", spread.DeviceName);
        Assert.Equal("there is no CUDA device 7: there are 1, counted from 0; or use the CPU",
            Assert.ThrowsAsync<DeviceUnavailableException>(() => Llama.LoadAsync(options: new LlamaOptions { Device = "cuda:7" })).GetAwaiter().GetResult().Message);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:x")]
    [InlineData("CPU")]
    public async Task Other_names_are_refused(string device)
    {
        var refusal = await Assert.ThrowsAsync<InvalidRequestException>(() => Llama.LoadAsync(options: new LlamaOptions { Device = device }, cancel: DemoModel.Cancel));
        Assert.Equal(("device", $"device: there is no '{device}', expected auto, cpu, cuda or cuda:N"), (refusal.Field, refusal.Message));
    }
}
