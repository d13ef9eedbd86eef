using System.Text.RegularExpressions;
using Llama4.Cli;
using Llama4.Cli.Configuration;
using Llama4.Cli.Loading;
using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Driver;

namespace Llama4.Tests.Cli;

public sealed class LoadingTests
{
    [Theory]
    [InlineData(1, Encoding.BF16)]
    [InlineData(64, Encoding.F32)]
    [InlineData(65, Encoding.Q8_0)]
    [InlineData(300, Encoding.F16)]
    [InlineData(2048, Encoding.BF16)]
    public void The_estimate_of_keys_and_values_is_what_the_cache_takes(int context, Encoding encoding)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Core.Llama.DemoModelPath);
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        using var cache = new KvCache(device, checkpoint.Config.Text, encoding);
        Assert.Equal(cache.BytesFor(context), MemoryEstimate.CacheBytes(checkpoint.Config.Text, context, encoding));
    }

    [Fact]
    public void What_cannot_fit_is_refused_with_numbers_and_advice()
    {
        var estimate = new MemoryEstimate(Weights: 60L << 30, Cache: 30L << 30);
        NotEnoughMemoryException refused = Assert.Throws<NotEnoughMemoryException>(() => estimate.Check(23L << 30, 1_000_000));
        Assert.Equal(
            "the model needs 90.0 GiB: 60.0 GiB for its weights and 30.0 GiB for keys and values of 1000000 tokens; 23.0 GiB are available. "
            + "Try a smaller --ctx, or --kv q8_0.",
            refused.Message);
    }

    [Fact]
    public void Weights_beyond_the_memory_are_a_warning_since_they_are_mapped()
    {
        Assert.Contains("needs 61.0 GiB, 23.0 GiB are available", new MemoryEstimate(60L << 30, 1L << 30).Check(23L << 30, 4096));
        Assert.Null(new MemoryEstimate(20L << 30, 1L << 30).Check(23L << 30, 4096));
    }

    [Fact]
    public async Task A_context_beyond_the_memory_ends_with_4_before_loading()
    {
        using var terminal = new TestTerminal();
        foreach (string file in Directory.GetFiles(Core.Llama.DemoModelPath)) File.Copy(file, terminal.Folder[Path.GetFileName(file)]);
        string config = File.ReadAllText(terminal.Folder["config.json"]);
        Assert.Contains("\"max_position_embeddings\": 2048", config);
        terminal.Folder.Write("config.json", config.Replace("\"max_position_embeddings\": 2048", "\"max_position_embeddings\": 1000000000"));
        string message = await terminal.FailureAsync(4, "run", "hi", "--model", terminal.Folder.Root, "--ctx", "1000000000", "--kv", "f32");
        Assert.Matches(@"needs \d+ GiB: 21\.7 MiB for its weights and \d+ GiB for keys and values of 1000000000 tokens; [\d.]+ [GM]iB are available", message);
    }

    [Theory]
    [InlineData("--device: there is no 'gpu', expected auto, cpu, cuda or cuda:N", "--device", "gpu")]
    [InlineData("--gpu-layers: found '-1', expected a whole number from 0 to 100000", "--device", "cuda", "--gpu-layers", "-1")]
    [InlineData("also say --device cuda, or auto", "--gpu-layers", "3")]
    [InlineData("also say --device cuda, or auto", "--cpu-experts", "3")]
    [InlineData("--repack: found 'maybe', expected one of on, off", "--repack", "maybe")]
    [InlineData("--cpu-path: there is no 'mmx', expected auto or one of avxvnni, ", "--cpu-path", "mmx")]
    public async Task What_is_wrong_about_devices_ends_with_2(string message, params string[] words)
    {
        using var terminal = new TestTerminal();
        Assert.Contains(message, await terminal.FailureAsync(2, ["run", "hi", .. words]));
    }

    [Fact]
    public async Task Without_a_GPU_auto_says_why_the_processor_computes_and_cuda_ends_with_1()
    {
        if (CudaDriver.Problem() is not { } problem)
        {
            Assert.Skip("there is a GPU");
            return;
        }
        using var terminal = new TestTerminal();
        Assert.Equal(0, await terminal.RunAsync("run", "hi", "--device", "auto", "--gpu-layers", "2", "--max-tokens", "1"));
        Assert.StartsWith($"note: the processor computes: {problem}\n", terminal.Error.ToString());
        using var other = new TestTerminal();
        Assert.Equal($"llama4: {problem}\n", await other.FailureAsync(1, "run", "hi", "--device", "cuda"));
    }

    [Fact]
    public void Advice_about_memory_names_the_flags() =>
        Assert.Equal("fits: --gpu-layers 3, or --cpu-experts 2", SettingList.InFlags(new OutOfMemoryException("fits: gpu_layers 3, or cpu_experts 2")));

    [Fact]
    public void Progress_without_a_terminal_is_a_line_for_every_tenth()
    {
        using var terminal = new TestTerminal();
        var report = new LoadReport(terminal.Terminal, TimeSpan.Zero);
        for (int done = 0; done <= 1000; done++) report.Report(new LoadProgress(done * 900L, 900 * 1000));
        string[] lines = terminal.Error.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(10, lines.Length);
        Assert.Equal("loading: 10 %, 87.9 KiB of 879 KiB", lines[0]);
        Assert.StartsWith("loading: 100 %", lines[9]);
    }

    [Fact]
    public void Progress_that_is_over_at_once_is_not_reported()
    {
        using var terminal = new TestTerminal();
        var report = new LoadReport(terminal.Terminal, TimeSpan.FromHours(1));
        report.Report(new LoadProgress(10, 10));
        Assert.Equal("", terminal.Error.ToString());
        Assert.Equal(10, report.Last.BytesDone);
    }

    [Fact]
    public async Task On_a_terminal_a_bar_shows_bytes_until_the_work_ends()
    {
        using var terminal = new TestTerminal { IsTerminal = true };
        var report = new LoadReport(terminal.Terminal, TimeSpan.Zero);
        var loading = new TaskCompletionSource();
        report.Report(new LoadProgress(512 << 20, 1 << 30));
        Task showing = LoadBar.ShowAsync(report, loading.Task, terminal.Terminal);
        await Task.Delay(300, TestContext.Current.CancellationToken);
        loading.SetResult();
        await showing.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        string shown = Regex.Replace(terminal.Error.ToString(), @"\e\[[\d;?]*[A-Za-z]", "");
        Assert.Matches(@"loading .* 50% 0\.5/1\.0 GiB", shown);
    }
}
