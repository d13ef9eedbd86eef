using System.Text.Json;
using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Model;

/// <summary>Whole models of Data on every kind of device against Hugging Face transformers: the same model code, other kernels.</summary>
public sealed class DeviceTests
{
    /// <summary>As for the processor alone (<see cref="GoldenTextTests"/>): the GPU's kernels compute in float32 too.</summary>
    const double Bound = 1e-4;

    public static TheoryData<string> Names => ["CPU, 2 threads", Devices.EmulatedGpu, Devices.Cuda];

    [Theory, MemberData(nameof(Names))]
    public void Text_logits_equal_the_reference(string name) => Devices.Check(name, static test =>
    {
        foreach (string model in test.Cases(["scout", "maverick", "top2", "dense"], "scout"))
        {
            JsonElement cases = GoldenCases.Read("hf", model, "cases.json").GetProperty("cases");
            using var run = new ModelRun(TestData.Path("hf", model), test.Device, maxRows: 160, maxSequences: 1);
            foreach ((string text, int prompt, int answer) in test.Cases([("one", 1, 0), ("edge33", 20, 13), ("long", 150, 0)], ("short", 2, 1)))
            {
                int[] ids = cases.GetProperty(text).Ids("ids")[..(prompt + answer)];
                using KvSequence sequence = run.NewSequence();
                float[] logits = [.. run.Logits(ids[..prompt], sequence: sequence), .. run.Logits(ids[prompt..], chunk: 1, sequence: sequence)];
                AssertRows(test, logits, TestData.Npy("hf", model, $"{text}.logits.npy").Values, run.Config.Vocabulary, $"{model} {text}");
            }
        }
    });

    [Theory, MemberData(nameof(Names))]
    public void Images_equal_the_reference(string name) => Devices.Check(name, static test =>
    {
        using var run = new ModelRun(TestData.Path("hf", "vision"), test.Device, maxRows: 160, maxSequences: 1);
        using Llama4Vision vision = new(test.Device, run.Checkpoint.Config.Vision!, run.Checkpoint.LoadVision(test.Device)!);
        float[] pixels = TestData.Npy("hf", "vision", "pixels.npy").Values;
        int tiles = test.IsEmulated ? 1 : 5;
        Tensor features = vision.Encode(VisionTests.Tiles(pixels[..(tiles * 3 * vision.Config.TileSize * vision.Config.TileSize)], tiles, vision.Config));
        var values = new float[features.Count];
        test.Device.Download<float>(features, values);
        AssertRows(test, values, TestData.Npy("hf", "vision", "projected.npy").Values, run.Config.Width, "features");
        if (!test.IsEmulated)
        {
            int[] ids = GoldenCases.Read("hf", "vision", "cases.json").Ids("ids");
            AssertRows(test, run.Logits(ids, features: features), TestData.Npy("hf", "vision", "logits.npy").Values, run.Config.Vocabulary, "logits");
        }
        features.Buffer.Dispose();
    });

    /// <summary>The rows that were computed are the first of those expected.</summary>
    static void AssertRows(TestDevice test, float[] actual, float[] expected, int columns, string what)
    {
        double worst = GoldenCases.RowErrors(actual, expected[..actual.Length], columns).Max();
        Assert.True(worst <= Bound, $"{test.Device.Name}, {what}: relative RMS {worst:e2} in the worst row");
    }
}
