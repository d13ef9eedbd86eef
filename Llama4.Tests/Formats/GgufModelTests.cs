using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Formats;

public class GgufModelTests
{
    public static TheoryData<string> Minis =>
        [.. Directory.EnumerateFiles(TestData.Path("gguf"), "mini-*.gguf")
            .Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Minis))]
    public void Every_format_opens_and_loads_in_place(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", name + ".gguf"));
        TextConfig c = checkpoint.Config.Text;
        Assert.Equal((512, 256, 4, 4, 2, 64), (c.Vocabulary, c.Width, c.Layers, c.Heads, c.KvHeads, c.HeadDim));
        Assert.Equal((2, 1, 256, 0, 8192, true), (c.Experts, c.ExpertsPerToken, c.ExpertWidth, c.DenseWidth, c.ChunkLength, c.UseQkNorm));
        Assert.Equal((8192f, 0.1f, 131072), (c.TemperatureFloor, c.TemperatureScale, c.MaxContext));
        Assert.Equal([true, true, true, false], c.UsesRope);
        Assert.Equal([true, true, true, true], c.IsMoe);
        Assert.Equal(32, c.RopeFactors!.Count);
        Assert.Equal((1f, 16f), (c.RopeFactors[0], c.RopeFactors[31]));

        using var device = new CpuDevice();
        Llama4Weights weights = checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken);
        Assert.Equal((512, 256), (weights.Embedding.Rows, weights.Embedding.Columns));
        MoeWeights moe = weights.Layers[1].Moe!;
        Assert.Equal((2, 256, 256), (moe.Gate.Count, moe.Gate[1].Inputs, moe.Gate[1].Outputs));
        Assert.IsType<MappedFile>(moe.Down[1].Values.Buffer);
        Assert.Equal(Encoding.F32, weights.Layers[0].AttentionNorm.Encoding);
    }

    [Fact]
    public void The_vision_part_beside_is_found_and_loads()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini-Q8_0.gguf"));
        VisionConfig v = checkpoint.Config.Vision!;
        Assert.Equal((64, 3, 4, 128, 56, 14, 2, 16, 4), (v.Width, v.Layers, v.Heads, v.FeedForwardWidth, v.TileSize, v.PatchSize,
            v.Shuffle, v.MaxTiles, v.TokensPerTile));
        Assert.Equal(checkpoint.Tokenizer.ControlTokens["<|patch|>"], checkpoint.Config.Text.PatchToken);
        using var device = new CpuDevice();
        VisionWeights weights = checkpoint.LoadVision(device, cancel: TestContext.Current.CancellationToken)!;
        Assert.Equal((588, 64), (weights.PatchEmbedding.Inputs, weights.PatchEmbedding.Outputs));
        Assert.Equal((17, 64), (weights.PositionEmbedding.Rows, weights.PositionEmbedding.Columns));
        Assert.Equal((256, 96, 80, 256), (weights.AdapterIn.Inputs, weights.AdapterIn.Outputs, weights.AdapterOut.Outputs,
            weights.Projector.Outputs));
    }

    [Fact]
    public void Dense_layers_lie_between_expert_layers_where_the_step_is_two()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini_mav-Q4_K_M.gguf"));
        Assert.Equal([false, true, false, true], checkpoint.Config.Text.IsMoe);
        Assert.Equal((512, 256, 4), (checkpoint.Config.Text.DenseWidth, checkpoint.Config.Text.ExpertWidth,
            checkpoint.Config.Text.Experts));
        Assert.Null(checkpoint.Config.Text.RopeFactors);
        using var device = new CpuDevice();
        Llama4Weights weights = checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken);
        Assert.NotNull(weights.Layers[0].Dense);
        Assert.Equal(Encoding.Q6_K, weights.Output.Encoding);
    }

    [Fact]
    public void The_vocabulary_has_bytes_control_tokens_and_end_tokens()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini-F16.gguf"));
        Assert.Equal(512, checkpoint.Tokenizer.Tokens.Count);
        Assert.Equal(493, checkpoint.Tokenizer.Begin);
        Assert.Equal(501, checkpoint.Tokenizer.ControlTokens["<|eot|>"]);
        Assert.Equal([0xC0], checkpoint.Tokenizer.Tokens[0].ToArray());
        Assert.Contains(501, checkpoint.Generation.EndTokens);
        Assert.Equal(3, checkpoint.Generation.EndTokens.Count);
        Assert.StartsWith("{{- bos_token }}", checkpoint.ChatTemplate);
    }
}
