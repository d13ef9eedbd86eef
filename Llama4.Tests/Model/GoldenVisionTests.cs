using System.Text.Json;
using Llama4.Core.Images;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Tests.Model;

/// <summary>A prompt with pictures through the encoder and the decoder against Hugging Face transformers (Data/hf/README.md).</summary>
public class GoldenVisionTests(ITestOutputHelper output)
{
    [Fact]
    public void Multimodal_logits_and_continuation_equal_the_reference()
    {
        JsonElement cases = GoldenCases.Read("hf", "vision", "cases.json");
        int[] ids = cases.Ids("ids"), greedy = cases.Ids("greedy");
        using var run = new ModelRun(TestData.Path("hf", "vision"));
        using Llama4Vision vision = new(run.Device, run.Checkpoint.Config.Vision!, run.Checkpoint.LoadVision(run.Device, cancel: TestContext.Current.CancellationToken)!);
        (_, float[] pixels) = TestData.Npy("hf", "vision", "pixels.npy");
        Tensor features = vision.Encode(VisionTests.Tiles(pixels, 5, vision.Config));

        float[] expected = TestData.Npy("hf", "vision", "logits.npy").Values;
        double worst = GoldenCases.RowErrors(run.Logits(ids, features: features), expected, run.Config.Vocabulary).Max();
        output.WriteLine($"worst row {worst:e2}");
        Assert.True(worst <= 1e-4, $"relative RMS {worst:e2} in the worst row");
        Assert.Equal(run.Logits(ids, features: features), run.Logits(ids, chunk: 7, features: features));
        Assert.Equal(greedy, run.Greedy(ids, greedy.Length, features));
        features.Buffer.Dispose();
    }
}
