using Llama4.Core;
using Llama4.Core.Images;

namespace Llama4.Tests.Images;

public class PngTests
{
    static readonly byte[] palette = [.. Enumerable.Range(0, 3 * 256).Select(i => (byte)(i * 37 + 11))];

    public static TheoryData<int, int, bool> Kinds()
    {
        var kinds = new TheoryData<int, int, bool>();
        foreach ((int color, int[] depths) in new[] { (0, new[] { 1, 2, 4, 8, 16 }), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16]) })
            foreach (int depth in depths)
            {
                kinds.Add(color, depth, false);
                kinds.Add(color, depth, true);
            }
        return kinds;
    }

    /// <summary>Grey and colour scaled to 8 bits, of 16 the high ones; palette entries; alpha dropped: as PIL's convert("RGB").</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_pixel_is_read(int color, int depth, bool interlaced)
    {
        foreach ((int width, int height) in new[] { (1, 1), (1, 9), (13, 1), (5, 3), (23, 17) })
        {
            var random = new Random(width * 100 + height);
            var samples = new int[width, height, 4];
            for (int i = 0; i < samples.Length; i++) samples[i / 4 % width, i / 4 / width, i % 4] = random.Next(1 << depth);
            RgbImage image = RgbImage.Decode(PngWriter.Write(width, height, depth, color, (x, y, c) => samples[x, y, c], interlaced, color == 3 ? palette : null));
            Assert.Equal((width, height), (image.Width, image.Height));
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    for (int c = 0; c < 3; c++)
                    {
                        int sample = samples[x, y, color is 2 or 6 ? c : 0];
                        int expected = color == 3 ? palette[3 * sample + c] : depth == 16 ? sample >> 8 : sample * 255 / ((1 << depth) - 1);
                        Assert.Equal(expected, image.Pixels[3 * (y * width + x) + c]);
                    }
        }
    }

    static int Sample(int x, int y, int c) => (x * 7 + y * 13 + c * 50) & 255;

    static byte[] Colour(params (string, byte[])[] extra) => PngWriter.Write(6, 4, 8, 2, Sample, extra: extra);

    [Fact]
    public void Chunks_that_are_not_needed_change_nothing()
    {
        byte[] expected = RgbImage.Decode(Colour()).Pixels;
        byte[] bomb = PngWriter.Deflate(new byte[20_000_000]);
        foreach ((string type, byte[] data) in new (string, byte[])[]
        {
            ("zTXt", [.. "a\0\0"u8, .. bomb]), ("iCCP", [.. "a\0\0"u8, .. bomb]), ("eXIf", bomb), ("iCCP", [1, 2, 3]), ("tRNS", [0, 0, 0, 50, 0, 100]),
            ("gAMA", [0, 0, 0, 1]), ("bKGD", []), ("eXIf", [.. "II*\0\x08\0\0\0\x01\0"u8, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]), ("PLTE", [1, 2, 3]),
            ("acTL", [0, 0, 0, 9, 0, 0, 0, 0]), ("fcTL", new byte[26]), ("fdAT", new byte[5]), ("tEXt", new byte[100_000]),
        })
            Assert.Equal(expected, RgbImage.Decode(Colour((type, data))).Pixels);
        Assert.Equal(expected, RgbImage.Decode([.. Colour(), .. "PK\x03\x04"u8, .. new byte[100]]).Pixels);
    }

    [Fact]
    public void Transparent_pixels_show_their_hidden_colour()
    {
        byte[] pixels = RgbImage.Decode(PngWriter.Write(2, 1, 8, 6, (x, _, c) => c == 3 ? 0 : 10 * x + c + 1)).Pixels;
        Assert.Equal([1, 2, 3, 11, 12, 13], pixels);
        pixels = RgbImage.Decode(PngWriter.Write(2, 1, 8, 3, (x, _, _) => x, palette: [9, 8, 7, 6, 5, 4], extra: ("tRNS", [0, 0]))).Pixels;
        Assert.Equal([9, 8, 7, 6, 5, 4], pixels);
        // Apple's "CgBI" would swap red and blue.
        Assert.Contains("CgBI", Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(Colour(("CgBI", new byte[4])))).Message);
    }

    [Theory]
    [InlineData(100_000u, 100_000u, "100000×100000 pixels; no side may be longer than 65535")]
    [InlineData(0u, 0u, "must be positive")]
    [InlineData(0u, 5u, "must be positive")]
    [InlineData(uint.MaxValue, 1u, "no side may be longer")]
    [InlineData(60_000u, 60_000u, "3600000000 in all; at most 64000000")]
    [InlineData(8_000u, 8_000u, "192008000 bytes of pixels are expected, the file has 76")]
    public void Bombs_are_refused_by_their_header(uint width, uint height, string message) =>
        Refused(PngWriter.File(PngWriter.Header(width, height, 8, 2), null, PngWriter.Deflate(new byte[76])), message);

    [Fact]
    public void Wide_pixels_count_more() =>
        Refused(PngWriter.File(PngWriter.Header(8000, 8000, 16, 6), null, PngWriter.Deflate(new byte[76])), "512008000 bytes; at most 256000000");

    [Fact]
    public void Pixel_data_of_another_length_than_the_header_says_is_refused()
    {
        byte[] header = PngWriter.Header(6, 4, 8, 2);
        Refused(PngWriter.File(header, null, PngWriter.Deflate(new byte[76_000_000])), "76 bytes of pixels are expected, the file has more");
        Refused(PngWriter.File(header, null, PngWriter.Deflate(new byte[77])), "the file has more");
        Refused(PngWriter.File(header, null, PngWriter.Deflate(new byte[75])), "the file has 75");
        Refused(PngWriter.File(header, null, PngWriter.Deflate(new byte[76])[..5]), "PNG:");
        Refused(PngWriter.File(header, null, []), "the file has 0");
        // A preset dictionary, which PNG does not have.
        Refused(PngWriter.File(header, null, [0x78, 0xBB, 0, 0, 0, 1, 0, 0]), "the pixel data is damaged");
        byte[] deflated = PngWriter.Deflate(new byte[76]);
        deflated[^1] ^= 1;
        Refused(PngWriter.File(header, null, deflated), "the pixel data is damaged");
    }

    [Fact]
    public void The_same_pixels_under_other_dimensions_are_refused()
    {
        byte[] file = Colour();
        file[19] = 7;
        Refused(file, "its checksum is wrong");
        PngWriter.Repair(file);
        Refused(file, "88 bytes of pixels are expected, the file has 76");
    }

    [Fact]
    public void Damage_is_found_by_checksums_where_it_matters()
    {
        byte[] file = Colour(("tEXt", [1, 2, 3]));
        byte[] expected = RgbImage.Decode(file).Pixels;
        for (int i = 8; i < file.Length; i++)
        {
            byte[] damaged = [.. file];
            damaged[i] ^= 4;
            // Only the text chunk's data and checksum may be anything; its name may be that of another chunk of its kind.
            if (i is >= 37 and < 41) continue;
            if (i is >= 41 and < 48) Assert.Equal(expected, RgbImage.Decode(damaged).Pixels);
            else Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(damaged));
        }
        for (int length = 0; length < file.Length; length++)
            Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file.AsSpan(0, length)));
    }

    [Fact]
    public void Impossible_headers_and_palettes_are_refused()
    {
        byte[] pixels = PngWriter.Deflate(new byte[76]);
        Refused(PngWriter.File(PngWriter.Header(6, 4, 3, 0), null, pixels), "no such kind of image");
        Refused(PngWriter.File(PngWriter.Header(6, 4, 8, 5), null, pixels), "no such kind of image");
        Refused(PngWriter.File(PngWriter.Header(6, 4, 16, 3), null, pixels), "no such kind of image");
        Refused(PngWriter.File(PngWriter.Header(6, 4, 8, 3), null, pixels), "no palette");
        Refused(PngWriter.File(PngWriter.Header(6, 4, 8, 3), new byte[4], pixels), "a palette of 4 bytes");
        Refused(PngWriter.File(PngWriter.Header(6, 4, 8, 3), [], pixels), "a palette of 0 bytes");
        Refused(PngWriter.File(PngWriter.Header(6, 4, 8, 2), null, pixels, ("IHDR", new byte[13])), "IHDR");
        Refused(PngWriter.File(new byte[12], null, pixels), "not IHDR of 13");
        byte[] rows = new byte[76];
        rows[19] = 5;
        Refused(PngWriter.File(PngWriter.Header(6, 4, 8, 2), null, PngWriter.Deflate(rows)), "invalid filter");
    }

    [Fact]
    public void Chunks_are_counted() =>
        Refused(PngWriter.Write(1, 1, 8, 0, Sample, extra: [.. Enumerable.Repeat(("tEXt", Array.Empty<byte>()), 100_000)]), "more than 100000 parts");

    static void Refused(byte[] file, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file)).Message);
}
