using System.Text.Json;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Model;

/// <summary>Logits, hidden states and greedy continuations against Hugging Face transformers (Data/hf/README.md).</summary>
public class GoldenTextTests(ITestOutputHelper output)
{
    /// <summary>Data/hf/README.md: float64 and float32 references agree to 3.6e-6, so 1e-4 per row is fair for a float32 engine.</summary>
    const double FloatBound = 1e-4;

    public static TheoryData<string> Models => ["scout", "maverick", "top2", "dense"];

    [Theory, MemberData(nameof(Models))]
    public void Logits_equal_the_reference(string model)
    {
        JsonElement cases = GoldenCases.Read("hf", model, "cases.json").GetProperty("cases");
        using var run = new ModelRun(TestData.Path("hf", model));
        foreach (JsonProperty c in cases.EnumerateObject())
        {
            float[] expected = TestData.Npy("hf", model, $"{c.Name}.logits.npy").Values;
            double worst = GoldenCases.RowErrors(run.Logits(c.Value.Ids("ids")), expected, run.Config.Vocabulary).Max();
            output.WriteLine($"{model} {c.Name}: worst row {worst:e2}");
            Assert.True(worst <= FloatBound, $"{model} {c.Name}: relative RMS {worst:e2} in the worst row, bound {FloatBound:e0}");
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Greedy_continuations_equal_the_reference(string model)
    {
        JsonElement c = GoldenCases.Read("hf", model, "cases.json").GetProperty("cases").GetProperty("long");
        int[] expected = c.Ids("greedy");
        using var run = new ModelRun(TestData.Path("hf", model));
        Assert.Equal(expected, run.Greedy(c.Ids("ids"), expected.Length));
    }

    /// <summary>Layer by layer over one attention chunk: shows where a difference begins.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Hidden_states_equal_the_reference(string model)
    {
        int[] ids = GoldenCases.Read("hf", model, "cases.json").GetProperty("cases").GetProperty("long").Ids("ids")[..32];
        (int[] shape, float[] expected) = TestData.Npy("hf", model, "long.hidden.npy");
        using var run = new ModelRun(TestData.Path("hf", model));
        List<float[]> hidden = run.Hidden(ids);
        Assert.Equal(shape[0], hidden.Count);
        // The last stored state is after the final norm, which the logits check.
        for (int layer = 0; layer < hidden.Count - 1; layer++)
        {
            double error = Tolerance.RelativeRms(hidden[layer], expected.AsSpan(layer * shape[1] * shape[2], ids.Length * shape[2]));
            Assert.True(error <= FloatBound, $"{model}: relative RMS {error:e2} after layer {layer}");
        }
    }

    [Theory]
    [InlineData(Encoding.BF16)]
    [InlineData(Encoding.F16)]
    [InlineData(Encoding.Q8_0)]
    public void Rounded_caches_are_nearer_than_the_references_own_bfloat16(Encoding kv)
    {
        foreach (string model in Models)
        {
            int[] ids = GoldenCases.Read("hf", model, "cases.json").GetProperty("cases").GetProperty("long").Ids("ids");
            float[] expected = TestData.Npy("hf", model, "long.logits.npy").Values;
            float[] bfloat16 = TestData.Npy("hf", model, "long.bf16.logits.npy").Values;
            using var run = new ModelRun(TestData.Path("hf", model), kv: kv);
            double ours = GoldenCases.Median(GoldenCases.RowErrors(run.Logits(ids), expected, run.Config.Vocabulary));
            double theirs = GoldenCases.Median(GoldenCases.RowErrors(bfloat16, expected, run.Config.Vocabulary));
            output.WriteLine($"{model} {kv}: median row error {ours:e2}, the reference's bfloat16 run {theirs:e2}");
            Assert.True(ours <= theirs, $"{model} {kv}: median row error {ours:e2}, the reference's bfloat16 run has {theirs:e2}");
        }
    }

    [Fact]
    public void Fp8_experts_equal_the_reference()
    {
        int[] ids = GoldenCases.Read("hf", "maverick-fp8", "cases.json").Ids("ids");
        float[] expected = TestData.Npy("hf", "maverick-fp8", "weight-only.logits.npy").Values;
        using var run = new ModelRun(TestData.Path("hf", "maverick-fp8"));
        double worst = GoldenCases.RowErrors(run.Logits(ids), expected, run.Config.Vocabulary).Max();
        output.WriteLine($"worst row {worst:e2}");
        Assert.True(worst <= FloatBound, $"relative RMS {worst:e2} in the worst row");
    }
}
