using Llama4.Core;
using Llama4.Core.Images;
using Llama4.Core.Model;

namespace Llama4.Tests.Images;

public class RgbImageTests
{
    static readonly byte[] png = PngWriter.Write(3, 2, 8, 2, (x, y, c) => 40 * x + 10 * y + c);

    [Fact]
    public void Data_uris_of_the_four_formats_are_read()
    {
        byte[] expected = RgbImage.Decode(png).Pixels;
        string data = Convert.ToBase64String(png);
        foreach (string header in new[] { "data:image/png;base64,", "DATA:image/jpeg;base64,", "data:image/bmp;x=y;BASE64,", "data:image/gif;base64,\r\n" })
            Assert.Equal(expected, RgbImage.FromDataUri(header + data).Pixels);
    }

    [Theory]
    [InlineData("", "data:image/png;base64")]
    [InlineData("iVBORw0KGgo=", "data:image/png;base64")]
    [InlineData("https://example.org/a.png", "data:image/png;base64")]
    [InlineData("data:image/png;base64", "data:image/png;base64")]
    [InlineData("data:image/png;base64,", "is empty")]
    [InlineData("data:image/png,abcd", "must be in base64")]
    [InlineData("data:;base64,abcd", "the media type ''")]
    [InlineData("data:image/svg+xml;base64,abcd", "'image/svg+xml'")]
    [InlineData("data:text/html;base64,abcd", "'text/html'")]
    [InlineData("data:video/jpeg;base64,abcd,abcd", "'video/jpeg'")]
    [InlineData("data:image/png;base64,ab-_", ") is not valid: ")]
    [InlineData("data:image/png;base64,abc", ") is not valid: ")]
    [InlineData("data:image/png;base64,@@@@", ") is not valid: ")]
    [InlineData("data:image/png;base64,abcd", "starts with 69B71D")]
    public void Other_uris_are_refused(string uri, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.FromDataUri(uri)).Message);

    [Fact]
    public void Files_larger_than_the_limit_are_refused_before_they_are_read()
    {
        var limits = new ImageLimits { MaxFileBytes = png.Length - 1 };
        string message = $"{png.Length} bytes is larger than {png.Length - 1}";
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(png, limits)).Message);
        string uri = "data:image/png;base64," + Convert.ToBase64String(png);
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.FromDataUri(uri, limits)).Message);
        uri += new string('A', 1000);
        Assert.Contains("characters of base64 is larger", Assert.Throws<InvalidRequestException>(() => RgbImage.FromDataUri(uri, limits)).Message);
    }

    [Fact]
    public void Paths_are_named_in_errors()
    {
        string folder = Directory.CreateTempSubdirectory("images").FullName;
        try
        {
            string path = Path.Combine(folder, "a.png");
            File.WriteAllBytes(path, png);
            Assert.Equal(RgbImage.Decode(png).Pixels, RgbImage.Load(path).Pixels);
            File.WriteAllBytes(path, png[..20]);
            Assert.StartsWith(path + ": PNG: ", Assert.Throws<InvalidRequestException>(() => RgbImage.Load(path)).Message);
            Assert.StartsWith(path + "x: ", Assert.Throws<InvalidRequestException>(() => RgbImage.Load(path + "x")).Message);
            Assert.StartsWith(folder + ": ", Assert.Throws<InvalidRequestException>(() => RgbImage.Load(folder)).Message);
            Assert.Throws<InvalidRequestException>(() => RgbImage.Load("\0"));
            Assert.Throws<InvalidRequestException>(() => RgbImage.Load(""));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 60_000)]
    [InlineData(60_000, 1)]
    public void The_thinnest_images_are_tiled(int width, int height)
    {
        RgbImage image = RgbImage.Decode(PngWriter.Write(width, height, 1, 0, (_, _, _) => 1));
        VisionConfig vision = TileLayoutTests.Vision(336, 16);
        var tiles = ImageTiles.Make(image, vision);
        Assert.Equal(width == height ? 1 : 17, tiles.Layout.Tiles);
        // White, and black beside it.
        Assert.Equal((width == height ? 1 : -1, 1), (tiles.Patches.Min(), tiles.Patches.Max()));
    }

    [Fact]
    public void Equal_bytes_give_equal_tiles()
    {
        VisionConfig vision = TileLayoutTests.Vision(28, 4);
        Assert.Equal(ImageTiles.Make(RgbImage.Decode(png), vision).Patches, ImageTiles.Make(RgbImage.Decode([.. png]), vision).Patches);
    }

    [Fact]
    public void Requests_are_limited_in_images_and_pixels()
    {
        var image = new RgbImage(10, 10, new byte[300]);
        var limits = new ImageLimits { MaxImages = 8, MaxTotalPixels = 650 };
        limits.CheckRequest([.. Enumerable.Repeat(image, 6)]);
        Assert.Contains("700 pixels together, more than 650", Refused(limits, 7));
        Assert.Contains("9 images, more than 8", Refused(limits, 9));
        Assert.Contains("1000 images, more than 64", Refused(ImageLimits.Default, 1000));

        string Refused(ImageLimits limits, int count) =>
            Assert.Throws<InvalidRequestException>(() => limits.CheckRequest([.. Enumerable.Repeat(image, count)])).Message;
    }

    [Fact]
    public void Impossible_images_cannot_be_made()
    {
        Assert.Throws<InvalidRequestException>(() => new RgbImage(0, 0, []));
        Assert.Throws<InvalidRequestException>(() => new RgbImage(2, 2, new byte[11]));
        Assert.Throws<InvalidRequestException>(() => new RgbImage(-1, -1, new byte[3]));
        Assert.Throws<InvalidRequestException>(() => new RgbImage(int.MaxValue, int.MaxValue, new byte[3]));
    }
}
