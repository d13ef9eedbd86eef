using System.Buffers.Binary;
using Llama4.Core;
using Llama4.Core.Images;

namespace Llama4.Tests.Fuzz;

/// <summary>Image files, under limits so small that a decoder which trusts a header is caught by the allocation limit.</summary>
static class ImageTargets
{
    static readonly ImageLimits limits = new() { MaxPixels = 1 << 20, MaxScannedPixels = 1 << 24 };

    /// <summary>As it is, then with its checksums made right, without which few changes would come through to the pixels.</summary>
    public static FuzzTarget Png { get; } = Make("png", ReadPng, () => [Data("1x1.png"), Data("20x31.png"), Demo("025a.png"), Demo("003.png")],
        FuzzTarget.Utf8("IHDR", "PLTE", "IDAT", "IEND", "tRNS", "zTXt", "iCCP", "acTL"));

    public static FuzzTarget Jpeg { get; } = Make("jpeg", Read, () => [Demo("015b.jpg"), Demo("023.jpg"), Demo("033.jpg")],
        [[0xFF, 0xD8], [0xFF, 0xC2], [0xFF, 0xC4], [0xFF, 0xDA], [0xFF, 0xDD], [0xFF, 0xD0], [0xFF, 0xE0, 0xFF, 0xFF], [0xFF, 0xD9]]);

    public static FuzzTarget Gif { get; } = Make("gif", Read,
        () => [Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), Convert.FromBase64String("R0lGODdhAgACAPAAAP8AAAAA/ywAAAAAAgACAAACA0QSBQA7")],
        [.. FuzzTarget.Utf8("GIF89a", "!\u0004", ","), [0x21, 0xF9, 4], [0x21, 0xFE]]);

    public static FuzzTarget Bmp { get; } = Make("bmp", Read,
        () => [[.. "BM"u8, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, .. new byte[24], 1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]],
        FuzzTarget.Utf8("BM"));

    static FuzzTarget Make(string name, SharpFuzz.ReadOnlySpanAction read, Func<IEnumerable<byte[]>> seeds, byte[][] words) =>
        new(name, read, seeds) { Words = words, AllocationLimit = 64 << 20 };

    static void Read(ReadOnlySpan<byte> input)
    {
        RgbImage image = RgbImage.Decode(input, limits);
        if ((long)image.Width * image.Height > limits.MaxPixels) throw new InvalidOperationException($"{image.Width}×{image.Height} pixels are beyond the limit");
    }

    static void ReadPng(ReadOnlySpan<byte> input)
    {
        try
        {
            Read(input);
        }
        catch (InvalidRequestException)
        {
            Read(WithChecksums(input));
        }
    }

    static byte[] WithChecksums(ReadOnlySpan<byte> png)
    {
        byte[] result = png.ToArray();
        for (long at = 8; at + 12 <= result.Length;)
        {
            long end = at + 8 + BinaryPrimitives.ReadUInt32BigEndian(result.AsSpan((int)at));
            if (end + 4 > result.Length) break;
            BinaryPrimitives.WriteUInt32BigEndian(result.AsSpan((int)end), Crc32.Compute(result.AsSpan((int)at + 4, (int)(end - at - 4))));
            at = end + 4;
        }
        return result;
    }

    static byte[] Data(string name) => File.ReadAllBytes(TestData.Path("images", "src", name));

    static byte[] Demo(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "demo-model", "images", name));
}
