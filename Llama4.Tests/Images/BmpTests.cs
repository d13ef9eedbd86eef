using System.Buffers.Binary;
using Llama4.Core;
using Llama4.Core.Images;

namespace Llama4.Tests.Images;

public class BmpTests
{
    static readonly byte[] palette = [.. Enumerable.Range(0, 4 * 256).Select(i => (byte)(i * 29 + 5))];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void Every_kind_of_pixel_is_read(int bits)
    {
        foreach ((int width, int height, bool topDown, int gap) in new[] { (1, 1, false, 0), (13, 7, false, 0), (7, 5, true, 6), (16, 2, true, 0) })
        {
            var random = new Random(bits);
            var values = new uint[width, height];
            for (int i = 0; i < values.Length; i++) values[i % width, i / width] = (uint)random.NextInt64(1L << bits);
            byte[]? colours = bits <= 8 ? palette[..(4 << bits)] : null;
            RgbImage image = RgbImage.Decode(BmpWriter.Write(width, height, bits, (x, y) => values[x, y], colours, topDown, gap));
            Assert.Equal((width, height), (image.Width, image.Height));
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    for (int c = 0; c < 3; c++)
                    {
                        uint v = values[x, y], five = v >> (5 * (2 - c)) & 31;
                        uint expected = bits <= 8 ? palette[4 * v + 2 - c] : bits == 16 ? five << 3 | five >> 2 : v >> (8 * (2 - c)) & 255;
                        Assert.Equal(expected, image.Pixels[3 * (y * width + x) + c]);
                    }
        }
    }

    [Fact]
    public void Masks_choose_the_bits()
    {
        RgbImage image = RgbImage.Decode(BmpWriter.Write(2, 1, 32, (x, _) => x == 0 ? 0x11223344u : 0xAABBCCDDu, masks: [0xFF, 0xFF00, 0xFF0000]));
        Assert.Equal([0x44, 0x33, 0x22, 0xDD, 0xCC, 0xBB], image.Pixels);
        image = RgbImage.Decode(BmpWriter.Write(1, 1, 16, (_, _) => 0xF800, masks: [0xF800, 0x7E0, 0x1F]));
        Assert.Equal([255, 0, 0], image.Pixels);
    }

    [Fact]
    public void Damaged_files_are_refused()
    {
        byte[] file = BmpWriter.Write(5, 4, 24, (x, y) => (uint)(x * y));
        for (int length = 0; length < file.Length; length++)
            Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file.AsSpan(0, length)));
        Refused(Changed(18, 100_000), "no side may be longer than 65535");
        Refused(Changed(18, 0), "must be positive");
        Refused(Changed(18, -5), "must be positive");
        Refused(Changed(22, int.MinValue), "no side may be longer");
        Refused(Changed(22, 65_535), "do not lie between");
        Refused(Changed(10, 10), "do not lie between");
        Refused(Changed(10, -1), "do not lie between");
        Refused(Changed(14, 41), "a header of 41 bytes");
        Refused(Changed(28, 7), "7 bits per pixel");
        Refused(Changed(30, 1), "compression 1");

        byte[] Changed(int at, int value)
        {
            byte[] changed = [.. file];
            if (at == 28) changed[at] = (byte)value;
            else BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(at), value);
            return changed;
        }
    }

    static void Refused(byte[] file, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidRequestException>(() => RgbImage.Decode(file)).Message);
}
