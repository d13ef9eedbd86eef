using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

/// <summary>How many kernels a layer takes, on a driver that runs none: one for each operation that waits for another is the price of a token.</summary>
public sealed class LayerLaunchTests
{
    const int Width = 256, HeadDim = 128, Heads = 2, KeyHeads = 1, Experts = 4, Vocabulary = 300;

    [Fact]
    public void A_rotary_layer_with_experts_is_recorded_in_few_launches()
    {
        using var driver = new FakeCuda();
        Emulated.Check(Count, driver.Environment());
    }

    static void Count()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        // Of one row: norm, query, key and value together, heads and cache, spans, their sum, output; norm, router, choice; for the routed expert and
        // for the shared one: gate and up together, activation, down.
        Assert.Equal(15, Launches(device, rows: 1, Encoding.Q8_0));
        // Two rows take bytes that are made before, by a kernel of its own where none makes x itself: for the routed and the shared expert.
        Assert.Equal(17, Launches(device, rows: 2, Encoding.Q8_0));
        Assert.Equal(15, Launches(device, rows: 1, Encoding.BF16));
        // The largest of each slice, then the draw.
        Tensor logits = device.Allocate(2, Vocabulary, Encoding.F32), rules = device.Allocate(2, DrawRule.Words, Encoding.I32), drawn = device.Allocate(1, 2, Encoding.I32);
        Assert.Equal(2, Launches(device, () => device.Draw(logits, rules, drawn)));
    }

    static int Launches(GpuDevice device, int rows, Encoding encoding)
    {
        Tensor x = New(Width), normed = New(Width), q = New(Heads * HeadDim), k = New(KeyHeads * HeadDim), v = New(KeyHeads * HeadDim), heads = New(Heads * HeadDim);
        Tensor rotary = New(HeadDim), logits = New(Experts), scaled = New(Width), gated = New(Width), raised = New(Width), down = New(Width);
        Tensor norm = device.Allocate(1, Width, Encoding.F32);
        var route = new Route(New(1, Encoding.I32), New(1));
        var step = new StepRows(device.Allocate(1, rows, Encoding.I32), device.Allocate(1, rows, Encoding.I32), Alone: rows);
        var pages = new KvPages(device.Allocate(rows, 4, Encoding.I64), 64, 8192);
        var layer = new KvLayer(0, KvLayer.PartBytes(KeyHeads, HeadDim, 64, Encoding.BF16), KeyHeads, HeadDim, Encoding.BF16);
        Weight query = Matrix(Heads * HeadDim), key = Matrix(KeyHeads * HeadDim), value = Matrix(KeyHeads * HeadDim), output = Matrix(Width);
        Weight gate = Matrix(Width), up = Matrix(Width), back = Matrix(Width), router = new(device.Allocate(Experts, Width, Encoding.F32));
        ExpertProjection expertGate = Projection(gated), expertUp = Projection(raised), expertDown = Projection(down);
        return Launches(device, () =>
        {
            device.NormMatMul(x, norm, 1e-5f, normed, new(query, q), new(key, k), new(value, v));
            device.FinishQkv(q, k, v, new HeadRule(rotary, 1e-5f), step, pages, layer);
            device.AttentionMatMul(q, step, pages, layer, heads, new Projection(output, x, Add: true));
            device.RmsNorm(x, norm, 1e-5f, normed);
            device.RouteRows(normed, router, logits, route, scaled);
            device.ExpertSwiGlu(scaled, route, expertGate, expertUp, expertDown, x);
            device.SwiGlu(normed, gate, up, back, gated, raised, x);
        });

        Tensor New(int columns, Encoding kind = Encoding.F32) => device.Allocate(rows, columns, kind);
        Weight Matrix(int outputs) => new(device.Allocate(outputs, Width, encoding));
        ExpertProjection Projection(Tensor result) => new([.. Enumerable.Range(0, Experts).Select(_ => Matrix(Width))], result);
    }

    /// <summary>Once to load and allocate, then recorded, where neither is possible.</summary>
    static int Launches(GpuDevice device, Action step)
    {
        step();
        using Recording recording = device.Record(step);
        int before = File.ReadAllLines(FakeCuda.LaunchFile).Length;
        recording.Run();
        return File.ReadAllLines(FakeCuda.LaunchFile).Length - before;
    }
}
