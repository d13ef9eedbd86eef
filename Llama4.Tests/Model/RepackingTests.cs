using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Model;

/// <summary>Weights copied into the layout that the CPU multiplies fastest: what is copied, how much of it, and that nothing else changes.</summary>
public class RepackingTests
{
    const string Model = "gguf/mini-Q4_K_M.gguf";

    static string ModelPath => TestData.Path(Model.Split('/'));

    [Fact]
    public void Logits_are_the_same_to_the_bit()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 2 });
        using ModelRun plain = new(ModelPath, device, Encoding.BF16), repacked = Repacked(device);
        Assert.All(All(repacked.Weights), weight => Assert.Equal(weight.Encoding is not Encoding.F32 and not Encoding.Q8_0, weight.Repacked));
        Assert.Contains(All(repacked.Weights), weight => weight.Encoding == Encoding.Q4_K);
        Assert.Contains(All(repacked.Weights), weight => weight.Encoding == Encoding.Q6_K);
        int[] ids = [.. Enumerable.Range(3, 90)];
        Assert.Equal(plain.Logits(ids), repacked.Logits(ids));
        Assert.Equal(plain.Logits(ids, chunk: 1), repacked.Logits(ids, chunk: 1));
    }

    [Fact]
    public void Inputs_as_floats_use_the_file_as_it_lies()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1, Activations = ActivationPrecision.Float32 });
        using ModelRun run = Repacked(device);
        Assert.DoesNotContain(All(run.Weights), weight => weight.Repacked);
    }

    /// <summary>With memory for a part only, it goes to what every token uses; of the experts of a projection all are copied or none.</summary>
    [Theory]
    [InlineData(0), InlineData(0.1), InlineData(0.5), InlineData(0.9)]
    public void Half_of_the_free_memory_is_the_most(double share)
    {
        using var plain = new CpuDevice(new CpuOptions { Threads = 1 });
        using var all = Repacked(plain);
        long common = Common(all.Weights).Where(w => w.Repacked).Sum(w => w.Bytes), whole = All(all.Weights).Where(w => w.Repacked).Sum(w => w.Bytes);

        using var device = new SmallDevice(plain, (long)(2 * share * whole));
        using ModelRun run = Repacked(device);
        long copied = All(run.Weights).Where(w => w.Repacked).Sum(w => w.Bytes);
        Assert.True(copied <= share * whole, $"{copied} bytes of {whole} were copied, at most {share:p0} were free");
        if (share * whole >= common) Assert.Equal(common, Common(run.Weights).Where(w => w.Repacked).Sum(w => w.Bytes));
        foreach (MoeWeights moe in run.Weights.Layers.Select(layer => layer.Moe).OfType<MoeWeights>())
            foreach (IReadOnlyList<Weight> experts in new[] { moe.Gate, moe.Up, moe.Down }) Assert.Single(experts.Select(e => e.Repacked).Distinct());
        if (share > 0.2) Assert.True(copied > 0);
    }

    [Fact]
    public void A_repacked_weight_is_refused_where_it_cannot_be_read()
    {
        using CpuDevice bytes = new(new CpuOptions { Threads = 1 }), floats = new(new CpuOptions { Threads = 1, Activations = ActivationPrecision.Float32 });
        Weight weight = bytes.TryRepack(new Weight(bytes.Allocate(8, 256, Encoding.Q4_K)))!;
        Assert.Null(bytes.TryRepack(weight));
        Tensor x = floats.Allocate(1, 256, Encoding.F32), y = floats.Allocate(1, 8, Encoding.F32);
        Assert.Contains("repacked", Assert.Throws<ArgumentException>(() => floats.MatMul(x, new Projection(weight, y))).Message);
    }

    static ModelRun Repacked(Device device) => new(ModelPath, _ => new Placement(device), Encoding.BF16, repack: true);

    static IEnumerable<Weight> Common(Llama4Weights weights) => weights.Layers.SelectMany(layer => new[] { layer.Query, layer.Key, layer.Value, layer.AttentionOutput }
        .Concat(Dense(layer.Dense)).Concat(Dense(layer.Moe?.Shared))).Append(weights.Output);

    static IEnumerable<Weight> All(Llama4Weights weights) => Common(weights)
        .Concat(weights.Layers.Select(layer => layer.Moe).OfType<MoeWeights>().SelectMany(moe => moe.Gate.Concat(moe.Up).Concat(moe.Down)));

    static IEnumerable<Weight> Dense(DenseWeights? dense) => dense is null ? [] : [dense.Gate, dense.Up, dense.Down];

    /// <summary>A device with as much free memory as the test says.</summary>
    sealed class SmallDevice(Device inner, long freeBytes) : DeviceProxy(inner)
    {
        public override long FreeBytes => freeBytes;

        protected override void Look(params ReadOnlySpan<Tensor?> used) { }
    }
}
