using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Gpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Model;

/// <summary>A model spread over two devices computes what it computes on one, and each device uses its own memory only.</summary>
public sealed class PlacementTests
{
    static readonly int[] ids = [.. Enumerable.Range(0, 50).Select(i => i * 37 % 500)];

    /// <summary>All layers or some, experts apart or not; a dense model, mixed ones, fused and tied weights.</summary>
    public static TheoryData<string, int, int> Placements => new()
    {
        { "hf/scout", 0, 0 }, { "hf/scout", 4, 0 }, { "hf/scout", 2, 0 }, { "hf/scout", 4, 2 }, { "hf/scout", 3, 100 },
        { "hf/maverick", 4, 1 }, { "hf/top2", 4, 3 }, { "hf/top2", 1, 0 }, { "hf/dense", 2, 5 }, { "hf/maverick-fp8", 1, 1 },
        { "gguf/mini-Q4_K_M.gguf", 2, 1 }, { "gguf/mini-MXFP4_MOE.gguf", 1, 100 },
    };

    [Fact]
    public void The_last_layers_are_the_accelerators_and_the_first_experts_the_hosts()
    {
        TextConfig config = TinyConfig.Text with { Layers = 6, IsMoe = [false, true, false, true, false, true], UsesRope = [true, true, true, false, true, true] };
        using SeparateDevice host = new(), accelerator = new();
        var placement = new Placement(host, accelerator, config, acceleratorLayers: 4, hostExperts: 2);
        Assert.Equal([0, 0, 1, 1, 1, 1], Enumerable.Range(0, 6).Select(placement.Layer));
        Assert.Equal([0, 0, 1, 0, 1, 1], Enumerable.Range(0, 6).Select(placement.Experts));
        Assert.Equal(1, placement.Vision);
        Assert.Equal(0, new Placement(host, accelerator, config, acceleratorLayers: 0).Vision);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Placement(host, accelerator, config, acceleratorLayers: 7));
    }

    [Theory, MemberData(nameof(Placements))]
    public void Logits_are_the_same_to_the_bit(string model, int layers, int hostExperts)
    {
        string path = TestData.Path(model.Split('/'));
        using var whole = new ModelRun(path, new CpuOptions { Threads = 1, Activations = ActivationPrecision.Float32 });
        using SeparateDevice host = new(), accelerator = new();
        using var spread = new ModelRun(path, config => new Placement(host, accelerator, config, Math.Min(layers, config.Layers), hostExperts));
        Assert.Equal(whole.Logits(ids), spread.Logits(ids));
        // Prefill of one sequence beside the answer of another, in steps.
        using KvSequence a = whole.NewSequence(), b = whole.NewSequence(), c = spread.NewSequence(), d = spread.NewSequence();
        for (int i = 0; i < 3; i++)
            Assert.Equal(whole.Step((a, ids[..(i == 0 ? 20 : 1)]), (b, ids[(7 * i)..(7 * i + 7)])), spread.Step((c, ids[..(i == 0 ? 20 : 1)]), (d, ids[(7 * i)..(7 * i + 7)])));
    }

    [Theory]
    [InlineData("hf/scout", 3, 1)]
    [InlineData("hf/dense", 1, 0)]
    [InlineData("hf/vision", 2, 1)]
    [InlineData("gguf/mini-Q8_0.gguf", 2, 100)]
    public void Each_device_holds_what_was_planned(string model, int layers, int hostExperts)
    {
        using var checkpoint = Checkpoint.Open(TestData.Path(model.Split('/')));
        using SeparateDevice host = new(), accelerator = new();
        var placement = new Placement(host, accelerator, checkpoint.Config.Text, Math.Min(layers, checkpoint.Config.Text.Layers), hostExperts);
        CancellationToken cancel = TestContext.Current.CancellationToken;
        checkpoint.LoadText(placement, cancel: cancel);
        checkpoint.LoadVision(placement, cancel: cancel);
        Assert.Equal(checkpoint.PlanBytes(placement), new[] { host.AllocatedBytes, accelerator.AllocatedBytes });
        Assert.All(checkpoint.PlanBytes(placement), bytes => Assert.True(bytes > 0));
    }

    [Theory]
    [InlineData("scout")]
    [InlineData("top2")]
    [InlineData("dense")]
    public void Activations_take_what_was_planned(string model)
    {
        using var checkpoint = Checkpoint.Open(TestData.Path("hf", model));
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        using var activations = new Activations(device, checkpoint.Config.Text, maxRows: 13, maxLogitRows: 3);
        Assert.Equal(Activations.Bytes(checkpoint.Config.Text, 13, 3), device.AllocatedBytes);
    }

    [Fact]
    public void Layers_and_experts_on_an_emulated_GPU_give_the_logits_of_the_processor() => Emulated.Check(static test =>
    {
        string path = TestData.Path("hf", "scout");
        using var whole = new ModelRun(path);
        using var host = new CpuDevice(new CpuOptions { Threads = 1, Activations = ActivationPrecision.Float32 });
        using var spread = new ModelRun(path, config => new Placement(host, test.Device, config, acceleratorLayers: 2, hostExperts: 3), maxRows: 16, maxSequences: 1);
        float[] expected = whole.Logits(ids[..3]), actual = spread.Logits(ids[..3], chunk: 2);
        Assert.InRange(GoldenCases.RowErrors(actual, expected, whole.Config.Vocabulary).Max(), 0, 1e-4);
    });
}
