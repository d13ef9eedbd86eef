using Llama4.Core.Formats;
using Llama4.Core.Model;

namespace Llama4.Tests.Formats;

public class HfFolderTests
{
    static readonly string demo = Path.Combine(AppContext.BaseDirectory, "demo-model");

    [Theory]
    [InlineData("scout", 8, 4, 1, 32, true, 16f)]
    [InlineData("maverick", 8, 8, 1, 32, false, 0f)]
    [InlineData("maverick-fp8", 8, 8, 1, 32, false, 0f)]
    [InlineData("top2", 4, 6, 2, 32, true, 16f)]
    [InlineData("dense", 6, 0, 1, 0, false, 16f)]
    [InlineData("vision", 8, 4, 1, 32, true, 16f)]
    public void The_shapes_of_every_reference_model_are_read(
        string folder, int layers, int experts, int perToken, int chunk, bool qkNorm, float ropeFactor)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("hf", folder));
        TextConfig c = checkpoint.Config.Text;
        Assert.Equal((512, 128, layers, 4, 2, 32), (c.Vocabulary, c.Width, c.Layers, c.Heads, c.KvHeads, c.HeadDim));
        Assert.Equal((experts, perToken, chunk, qkNorm), (c.Experts, c.ExpertsPerToken, c.ChunkLength, c.UseQkNorm));
        Assert.Equal(ropeFactor, c.RopeScaling?.Factor ?? 0);
        Assert.Equal(experts == 0 ? 0 : 96, c.ExpertWidth);
        Assert.Equal(c.IsMoe.Contains(false) ? 192 : 0, c.DenseWidth);
        Assert.Equal((true, 32f, 0.1f, 4096, false), (c.TemperatureTuning, c.TemperatureFloor, c.TemperatureScale, c.MaxContext,
            c.TiedOutput));
        Assert.Equal([1], checkpoint.Generation.EndTokens);
        Assert.Empty(checkpoint.Tokenizer.Tokens);
        Assert.Equal(folder == "vision" ? 505 : -1, c.PatchToken);
    }

    [Fact]
    public void Layer_kinds_follow_the_lists_or_their_absence()
    {
        Assert.Equal([1, 1, 1, 0, 1, 1, 1, 0], Kinds("scout", c => c.UsesRope));
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1], Kinds("scout", c => c.IsMoe));
        Assert.Equal([0, 1, 0, 1, 0, 1, 0, 1], Kinds("maverick", c => c.IsMoe));
        Assert.Equal([1, 1, 1, 1, 1, 1], Kinds("dense", c => c.UsesRope));
        Assert.Equal([0, 0, 0, 0, 0, 0], Kinds("dense", c => c.IsMoe));
    }

    [Fact]
    public void The_embedded_model_opens_with_everything_it_has()
    {
        using Checkpoint checkpoint = Checkpoint.Open(demo);
        Assert.Equal((2048, 256, 8), (checkpoint.Config.Text.Vocabulary, checkpoint.Config.Text.Width, checkpoint.Config.Text.Layers));
        Assert.Equal(2002, checkpoint.Config.Text.PatchToken);
        VisionConfig v = checkpoint.Config.Vision!;
        Assert.Equal((128, 4, 4, 512, 112, 14, 2, 4, false, 16),
            (v.Width, v.Layers, v.Heads, v.FeedForwardWidth, v.TileSize, v.PatchSize, v.Shuffle, v.MaxTiles, v.ResizeToMaxCanvas,
            v.TokensPerTile));
        Assert.Equal([1985, 1991, 1992], checkpoint.Generation.EndTokens);
        Assert.False(checkpoint.Generation.Sample);
        Assert.True(checkpoint.Generation.AddBegin);
        Assert.Equal((2048, 64, 1984), (checkpoint.Tokenizer.Tokens.Count, checkpoint.Tokenizer.ControlTokens.Count,
            checkpoint.Tokenizer.Begin));
        Assert.Equal(1992, checkpoint.Tokenizer.ControlTokens["<|eot|>"]);
        Assert.StartsWith("{", checkpoint.ChatTemplate);
        Assert.Empty(checkpoint.Warnings);
    }

    static int[] Kinds(string folder, Func<TextConfig, IReadOnlyList<bool>> of)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("hf", folder));
        return [.. of(checkpoint.Config.Text).Select(flag => flag ? 1 : 0)];
    }
}
