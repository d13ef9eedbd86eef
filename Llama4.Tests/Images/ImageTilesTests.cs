using Llama4.Core.Images;
using Llama4.Core.Model;

namespace Llama4.Tests.Images;

public class ImageTilesTests
{
    public static TheoryData<string> Pictures =>
        [.. Directory.GetFiles(TestData.Path("images", "src")).Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Tiles_equal_the_reference_in_every_pixel(string name)
    {
        var source = RgbImage.Load(TestData.Path("images", "src", name + ".png"));
        var expected = RgbImage.Load(TestData.Path("images", "tiles", name + ".png"));
        var layout = TileLayout.For(source.Width, source.Height, TileLayoutTests.Vision(336, 16));
        byte[] actual = ImageTiles.Pixels(source, layout);

        Assert.Equal((336, 336 * layout.Tiles), (expected.Width, expected.Height));
        Assert.True(actual.AsSpan().SequenceEqual(expected.Pixels));
    }

    [Fact]
    public void Patches_are_normalised_and_ordered_channel_row_column()
    {
        VisionConfig vision = TileLayoutTests.Vision(tile: 6, maxTiles: 4, patch: 3);
        var random = new Random(7);
        var image = new RgbImage(12, 6, new byte[12 * 6 * 3]);
        random.NextBytes(image.Pixels);
        var tiles = ImageTiles.Make(image, vision);
        Assert.Equal(new TileLayout(1, 2, 12, 6, 6), tiles.Layout);
        Assert.Equal(3 * 4 * 27, tiles.Patches.Length);
        for (int tile = 0; tile < 2; tile++)
            for (int patch = 0; patch < 4; patch++)
                for (int channel = 0; channel < 3; channel++)
                    for (int y = 0; y < 3; y++)
                        for (int x = 0; x < 3; x++)
                        {
                            int column = tile * 6 + patch % 2 * 3 + x, row = patch / 2 * 3 + y;
                            float expected = (image.Pixels[3 * (row * 12 + column) + channel] / 255f - 0.5f) / 0.5f;
                            Assert.Equal(expected, tiles.Patches[(tile * 4 + patch) * 27 + channel * 9 + y * 3 + x]);
                        }
    }

    [Fact]
    public void What_the_picture_does_not_cover_is_black()
    {
        var image = new RgbImage(4, 6, [.. Enumerable.Repeat((byte)200, 72)]);
        var tiles = ImageTiles.Make(image, TileLayoutTests.Vision(tile: 6, maxTiles: 1, patch: 6));
        for (int i = 0; i < tiles.Patches.Length; i++)
            Assert.Equal(i % 6 < 4 ? (200 / 255f - 0.5f) / 0.5f : -1f, tiles.Patches[i]);
    }
}
