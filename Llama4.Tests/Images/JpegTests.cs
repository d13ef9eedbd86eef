using Llama4.Core;
using Llama4.Core.Images;

namespace Llama4.Tests.Images;

public class JpegTests
{
    /// <summary>Files by libjpeg-turbo's cjpeg, and what its djpeg reads from them, as PNG.</summary>
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(TestData.Path("images", "jpeg"), "*.jpg").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    static byte[] Bytes(string name) => File.ReadAllBytes(TestData.Path("images", "jpeg", name + ".jpg"));

    [Theory]
    [MemberData(nameof(Files))]
    public void Pixels_are_near_those_of_libjpeg_turbo(string name)
    {
        var expected = RgbImage.Load(TestData.Path("images", "jpeg", name + ".png"));
        RgbImage actual = RgbImage.Decode(Bytes(name));
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        for (int i = 0; i < actual.Pixels.Length; i++)
        {
            // StbImageSharp weighs the last two colour samples of a 4:2:2 row the wrong way round.
            if (name == "baseline-422" && i / 3 % actual.Width == actual.Width - 1) continue;
            Assert.InRange(Math.Abs(expected.Pixels[i] - actual.Pixels[i]), 0, 3);
        }
    }

    [Fact]
    public void Grey_colour_and_inverted_cmyk_have_the_right_levels()
    {
        AssertColour(FlatJpeg.Write(9, 5, [77]), 9, 5, 77, 77, 77);
        AssertColour(FlatJpeg.Write(40, 17, [200, 128, 128]), 40, 17, 200, 200, 200);
        // As Adobe and PIL have it: 255 is no ink.
        AssertColour(FlatJpeg.Write(8, 8, [255, 128, 0, 255]), 8, 8, 255, 128, 0);
        AssertColour(FlatJpeg.Write(8, 8, [255, 255, 255, 100]), 8, 8, 100, 100, 100);
    }

    static void AssertColour(byte[] file, int width, int height, byte red, byte green, byte blue)
    {
        RgbImage image = RgbImage.Decode(file);
        Assert.Equal((width, height), (image.Width, image.Height));
        Assert.Equal([.. Enumerable.Repeat(new[] { red, green, blue }, width * height).SelectMany(p => p)], image.Pixels);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Metadata_and_what_follows_the_end_change_nothing(string name)
    {
        byte[] file = Bytes(name), expected = RgbImage.Decode(file).Pixels;
        for (int orientation = 1; orientation <= 99; orientation += orientation == 8 ? 91 : 1)
        {
            byte[] exif = [.. "Exif\0\0II*\0\x08\0\0\0\x01\0"u8, 0x12, 1, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];
            Assert.Equal(expected, RgbImage.Decode(WithSegment(file, 0xE1, exif)).Pixels);
        }
        Assert.Equal(expected, RgbImage.Decode(WithSegment(file, 0xE2, [.. "ICC_PROFILE\0\x01\x09"u8, 1, 2, 3])).Pixels);
        Assert.Equal(expected, RgbImage.Decode(WithSegment(file, 0xFE, new byte[60_000])).Pixels);
        Assert.Equal(expected, RgbImage.Decode([.. file, .. "PK\x03\x04"u8, .. new byte[100]]).Pixels);
    }

    /// <summary>The file with a segment after its first marker.</summary>
    static byte[] WithSegment(byte[] file, byte marker, byte[] data) =>
        [.. file[..2], 0xFF, marker, (byte)(data.Length + 2 >> 8), (byte)(data.Length + 2), .. data, .. file[2..]];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_cut_short_is_refused(string name)
    {
        byte[] file = Bytes(name);
        for (int tenth = 0; tenth < 10; tenth++)
            Refused(file[..(file.Length * tenth / 10)], tenth == 0 ? "empty" : "JPEG: the file ends at byte");
        Refused(file[..^1], "the file ends");
        Refused(file[..^2], "the file ends");
    }

    [Fact]
    public void Headers_that_claim_too_much_are_refused()
    {
        Refused(FlatJpeg.Write(8, 8, [100, 100, 100], 65500, 65500), "65500×65500 pixels, 4290250000 in all; at most 64000000");
        Refused(FlatJpeg.Write(8, 8, [100, 100, 100], 8000, 8000), "too few for 3000000 blocks");
        Refused(FlatJpeg.Write(8, 8, [100], 65535, 900), "too few for 925696 blocks");
    }

    /// <summary>Bytes for the samples, the coefficients and the result: a progressive picture without subsampling takes twelve for a pixel.</summary>
    [Theory]
    [InlineData(0x11, 3, 7000, "the file ends")]
    [InlineData(0x11, 3, 8000, "8000×8000 progressive pixels takes 768000000 bytes, more than 600000000")]
    [InlineData(0x22, 3, 8000, "the file ends")]
    [InlineData(0x11, 4, 7000, "takes 735000000 bytes")]
    public void A_progressive_picture_that_takes_too_much_memory_is_refused_by_its_header(byte sampling, byte components, int side, string message)
    {
        byte[] size = [(byte)(side >> 8), (byte)side];
        IEnumerable<byte> parts = Enumerable.Range(1, components).SelectMany(i => new byte[] { (byte)i, i == 1 ? sampling : (byte)0x11, 0 });
        Refused([0xFF, 0xD8, 0xFF, 0xC2, 0, (byte)(8 + 3 * components), 8, .. size, .. size, components, .. parts], message);
    }

    [Fact]
    public void Endless_and_malformed_files_are_refused()
    {
        Refused([0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF], "ends at byte 6");
        Refused([0xFF, 0xD8, 0xFF, 0xD9], "without a picture");
        Refused([0xFF, 0xD8, 0xFF, 0xE0, 0, 1], "gives its length as 1");
        Refused([0xFF, 0xD8, 0xFF, 0xC9, 0, 4, 0, 0], "FF C9");
        byte[] file = Bytes("baseline-420");
        int scan = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        Refused([.. file[..2], .. file[scan..]], "before the frame header");
        Refused([.. file[..scan], 0xFF, 0xD9], "without a picture");
    }

    [Fact]
    public void Scans_are_counted()
    {
        // The refinement of the first coefficients: a bit for each block, whatever was there before.
        byte[] file = Bytes("progressive-420");
        List<int> scans = Scans(file);
        int refinement = scans.FindIndex(at => file.AsSpan(at + 11, 3).SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0x10]));
        byte[] Repeated(int times) =>
            [.. file[..scans[refinement]], .. Enumerable.Repeat(file[scans[refinement]..scans[refinement + 1]], times).SelectMany(b => b), .. file[scans[refinement + 1]..]];
        RgbImage.Decode(Repeated(20));
        Refused(Repeated(1000), "more than 100 scans");
        var limits = new ImageLimits { MaxScannedPixels = 15 * 45 * 37 };
        RgbImage.Decode(file, limits);
        Assert.Contains("more than 24975 pixels", Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(Repeated(20), limits)).Message);
    }

    static List<int> Scans(byte[] file) => [.. Enumerable.Range(0, file.Length - 1).Where(i => file[i] == 0xFF && file[i + 1] == 0xDA)];

    [Fact]
    public void Scans_must_fit_the_frame()
    {
        byte[] file = Bytes("progressive-444");
        List<int> scans = Scans(file);
        // Without its first scan the blocks of the picture would never be written.
        Refused([.. file[..scans[0]], .. file[scans[1]..]], "may not stand here");
        Refused([.. file[..scans[1]], .. file[scans[0]..scans[1]], .. file[scans[1]..]], "may not stand here");
        byte[] baseline = Bytes("baseline-444");
        int scan = baseline.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        Refused([.. baseline[..^2], .. baseline[scan..]], "may not stand here");
    }

    [Fact]
    public void Restart_markers_must_be_those_of_the_interval()
    {
        byte[] file = Bytes("baseline-restart");
        int first = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD0]);
        Refused([.. file[..first], .. file[(first + 2)..]], "is out of turn");
        int interval = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDD]);
        byte[] changed = [.. file];
        changed[interval + 5]++;
        Refused(changed, "restart markers instead of");
    }

    static void Refused(byte[] file, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file)).Message);
}
