using Llama4.Core;
using Llama4.Core.Images;

namespace Llama4.Tests.Images;

public class GifTests
{
    static byte[] Palette(int colours) => [.. Enumerable.Range(0, 3 * colours).Select(i => (byte)(i * 41 + 3))];

    static byte[] Indices(int count, int colours, int seed, bool runs)
    {
        var random = new Random(seed);
        var indices = new byte[count];
        int value = 0;
        for (int i = 0; i < count; i++) indices[i] = (byte)(value = runs && random.Next(8) > 0 ? value : random.Next(colours));
        return indices;
    }

    [Theory]
    [InlineData(2, 7, 5)]
    [InlineData(4, 1, 1)]
    [InlineData(16, 100, 3)]
    [InlineData(256, 200, 150)]
    public void Pixels_are_those_written(int colours, int width, int height)
    {
        byte[] palette = Palette(colours);
        foreach (bool runs in new[] { false, true })
        {
            byte[] indices = Indices(width * height, colours, colours, runs);
            RgbImage image = RgbImage.Decode(GifWriter.Write(width, height, palette, indices));
            Assert.Equal((width, height), (image.Width, image.Height));
            Assert.Equal(indices.SelectMany(i => palette[(3 * i)..(3 * i + 3)]), image.Pixels);
        }
    }

    [Fact]
    public void Interlaced_rows_are_put_in_order()
    {
        byte[] palette = Palette(32);
        int[] order = [.. new[] { (0, 8), (4, 8), (2, 4), (1, 2) }.SelectMany(p => Enumerable.Range(0, 21).Where(y => y % p.Item2 == p.Item1))];
        byte[] indices = [.. order.SelectMany(y => new[] { (byte)y, (byte)y })];
        RgbImage image = RgbImage.Decode(GifWriter.Write(2, 21, palette, indices, interlaced: true));
        Assert.Equal(Enumerable.Range(0, 21).SelectMany(y => new[] { y, y }).SelectMany(i => palette[(3 * i)..(3 * i + 3)]), image.Pixels);
    }

    [Fact]
    public void Only_the_first_frame_is_read()
    {
        byte[] indices = Indices(100, 4, 1, runs: true);
        byte[] expected = RgbImage.Decode(GifWriter.Write(10, 10, Palette(4), indices)).Pixels;
        byte[] many = GifWriter.Write(10, 10, Palette(4), indices, frames: 10_000);
        Assert.Equal(expected, RgbImage.Decode(many).Pixels);
        Assert.Equal(expected, RgbImage.Decode([.. many.AsSpan(0, many.Length / 2), .. "PK"u8]).Pixels);
    }

    [Fact]
    public void Transparent_pixels_and_those_outside_the_frame_show_a_colour_of_the_palette()
    {
        byte[] palette = Palette(4);
        Assert.Equal(palette[3..6], RgbImage.Decode(GifWriter.Write(1, 1, palette, [1], transparent: 1)).Pixels);
        RgbImage image = RgbImage.Decode(GifWriter.Write(3, 1, palette, [2], transparent: 1, frame: (1, 0, 1, 1)));
        Assert.Equal([.. palette[3..6], .. palette[6..9], .. palette[3..6]], image.Pixels);
        image = RgbImage.Decode(GifWriter.Write(3, 1, palette, [2], frame: (0, 0, 1, 1)));
        Assert.Equal([.. palette[6..9], .. palette[..3], .. palette[..3]], image.Pixels);
        // A frame that leaves the screen widens it.
        image = RgbImage.Decode(GifWriter.Write(1, 1, palette, [2, 3], frame: (0, 1, 1, 2)));
        Assert.Equal((1, 3), (image.Width, image.Height));
    }

    [Fact]
    public void Damaged_files_are_refused()
    {
        byte[] file = GifWriter.Write(30, 30, Palette(16), Indices(900, 16, 2, runs: false));
        for (int length = 0; length < file.Length - 2; length += 7)
            Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file.AsSpan(0, length)));
        Refused(GifWriter.Write(30, 30, Palette(16), Indices(899, 16, 2, runs: false)), "ends after 899 of 900 pixels");
        Refused(GifWriter.Write(65535, 65535, Palette(4), [1]), "at most 64000000");
        Refused(GifWriter.Write(65535, 900, Palette(4), [1]), "ends after 1 of 58981500 pixels");
        Refused(GifWriter.Write(0, 0, Palette(4), [1]), "must be positive");
        Refused("GIF89a"u8.ToArray(), "ends at byte 6");
        Refused([.. GifWriter.Write(1, 1, Palette(2), [1])[..19], 0x3B], "no frame");
    }

    /// <summary>Strings of thousands of pixels after the last one: work that grows with the square of the file's size elsewhere.</summary>
    [Fact]
    public void Data_after_the_last_pixel_costs_nothing()
    {
        byte[] pixels = new byte[4_000_000];
        byte[] file = GifWriter.Write(1, 1, Palette(4), pixels);
        Assert.Equal(Palette(4)[..3], RgbImage.Decode(file).Pixels);
    }

    static void Refused(byte[] file, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file)).Message);
}
