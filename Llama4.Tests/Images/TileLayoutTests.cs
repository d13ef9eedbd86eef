using System.Text.Json;
using Llama4.Core.Images;
using Llama4.Core.Model;

namespace Llama4.Tests.Images;

public class TileLayoutTests
{
    static readonly ImageTokens tokens = new(Start: 500, Image: 502, Patch: 505, ColumnSeparator: 504, RowSeparator: 503, End: 501);

    internal static VisionConfig Vision(int tile, int maxTiles, int patch = 14) => new()
    {
        Width = 32, Layers = 1, Heads = 2, FeedForwardWidth = 64, TileSize = tile, PatchSize = patch, MaxTiles = maxTiles,
    };

    static RgbImage Black(int width, int height) => new(width, height, new byte[3 * width * height]);

    [Fact]
    public void All_reference_layouts_are_exact()
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(TestData.Path("images", "layouts.json")));
        int count = 0;
        foreach (JsonElement c in cases.RootElement.EnumerateArray())
        {
            int Number(string name) => c.GetProperty(name).GetInt32();
            (int, int) Pair(string name) => (c.GetProperty(name)[0].GetInt32(), c.GetProperty(name)[1].GetInt32());

            var layout = TileLayout.For(Number("width"), Number("height"), Vision(Number("tile"), Number("max_tiles"), patch: 1));
            Assert.Equal(Pair("tiles"), (layout.Rows, layout.Columns));
            Assert.Equal(Pair("canvas"), (layout.Rows * layout.TileSize, layout.Columns * layout.TileSize));
            Assert.Equal(Pair("resized"), (layout.ResizedHeight, layout.ResizedWidth));
            count++;
        }
        Assert.Equal(386, count);
    }

    [Theory]
    [InlineData(300, 200, 1, 1, 336, 224, 144)]
    [InlineData(337, 336, 2, 1, 337, 336, 432)]
    [InlineData(768, 1024, 3, 4, 768, 1024, 1872)]
    [InlineData(1080, 1920, 3, 5, 945, 1680, 2304)]
    [InlineData(100, 5000, 1, 15, 100, 5000, 2304)]
    [InlineData(3000, 4000, 3, 4, 1008, 1344, 1872)]
    [InlineData(5000, 5000, 4, 4, 1344, 1344, 2448)]
    public void The_specification_s_worked_sizes_hold(int height, int width, int rows, int columns, int resizedHeight, int resizedWidth, int patches)
    {
        VisionConfig vision = Vision(336, 16);
        var layout = TileLayout.For(width, height, vision);
        Assert.Equal(new TileLayout(rows, columns, resizedWidth, resizedHeight, 336), layout);
        Assert.Equal(patches, layout.Tiles * vision.TokensPerTile);
    }

    [Fact]
    public void Resizing_to_the_largest_canvas_fills_one_of_its_sides()
    {
        VisionConfig vision = Vision(336, 16) with { ResizeToMaxCanvas = true };
        Assert.Equal(new TileLayout(4, 4, 1344, 1344, 336), TileLayout.For(100, 100, vision));
        Assert.Equal(new TileLayout(8, 2, 672, 2688, 336), TileLayout.For(50, 200, vision));
    }

    [Fact]
    public void Layout_placeholders_and_feature_rows_agree_for_a_thousand_sizes()
    {
        var random = new Random(19);
        for (int i = 0; i < 1000; i++)
        {
            VisionConfig vision = Vision(28, random.Next(1, 17));
            var image = Black(random.Next(1, 150), random.Next(1, 150));
            var tiles = ImageTiles.Make(image, vision);
            var prompt = new List<int>();
            ImagePrompt.Append(tiles.Layout, tokens, vision.TokensPerTile, prompt);

            int grid = tiles.Layout.Rows * tiles.Layout.Columns;
            Assert.InRange(grid, 1, vision.MaxTiles);
            Assert.Equal(grid + (grid > 1 ? 1 : 0), tiles.Layout.Tiles);
            Assert.Equal(tiles.Layout.Tiles * vision.TokensPerTile, prompt.Count(t => t == tokens.Patch));
            Assert.Equal(ImagePrompt.Length(tiles.Layout, vision.TokensPerTile), prompt.Count);
            int encoderRows = tiles.Patches.Length / (3 * vision.PatchSize * vision.PatchSize);
            Assert.Equal(prompt.Count(t => t == tokens.Patch), encoderRows / (vision.Shuffle * vision.Shuffle));
        }
    }

    [Theory]
    [InlineData(1, 1, "S I P E")]
    [InlineData(1, 2, "S P x P y I P E")]
    [InlineData(2, 1, "S P y P y I P E")]
    [InlineData(2, 3, "S P x P x P y P x P x P y I P E")]
    public void Prompt_blocks_have_the_specified_order(int rows, int columns, string expected)
    {
        var prompt = new List<int>();
        ImagePrompt.Append(new TileLayout(rows, columns, 1, 1, 336), tokens, 1, prompt);
        Assert.Equal(expected, string.Join(' ', prompt.Select(id => id switch { 500 => "S", 501 => "E", 502 => "I", 503 => "y", 504 => "x", _ => "P" })));
        Assert.Equal(145 * rows * columns + (rows * columns > 1 ? 147 : 2), ImagePrompt.Length(new TileLayout(rows, columns, 1, 1, 336), 144));
    }

    [Fact]
    public void The_reference_prompt_s_image_blocks_are_equal()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(TestData.Path("hf", "vision", "cases.json")));
        int[] ids = [.. file.RootElement.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
        var wide = new List<int>();
        ImagePrompt.Append(new TileLayout(1, 2, 112, 56, 56), tokens, 4, wide);
        Assert.Equal(ids.Skip(3).Take(wide.Count), wide);
        var single = new List<int>();
        ImagePrompt.Append(new TileLayout(1, 1, 56, 56, 56), tokens, 4, single);
        Assert.Equal(ids.TakeLast(single.Count + 2).Take(single.Count), single);
    }
}
