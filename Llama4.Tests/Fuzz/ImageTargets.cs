using Llama4.Core;
using Llama4.Core.Images;
using Llama4.Tests.Images;
using SharpFuzz;

namespace Llama4.Tests.Fuzz;

/// <summary>Image files, under limits so small that a decoder which trusts a header is caught by the allocation limit.</summary>
static class ImageTargets
{
    static readonly ImageLimits limits = new() { MaxPixels = 1 << 20, MaxScannedPixels = 1 << 24 };

    /// <summary>As it is, then with its checksums made right, without which few changes would come through to the pixels.</summary>
    public static FuzzTarget Png { get; } = Make("png", ReadPng, Kinds.Png, FuzzTarget.Utf8("IHDR", "PLTE", "IDAT", "IEND", "tRNS", "zTXt", "iCCP", "acTL"));

    public static FuzzTarget Jpeg { get; } = Make("jpeg", Read, Kinds.Jpeg,
        [[0xFF, 0xD8], [0xFF, 0xC2], [0xFF, 0xC4], [0xFF, 0xDA], [0xFF, 0xDD], [0xFF, 0xD0], [0xFF, 0xE0, 0xFF, 0xFF], [0xFF, 0xD9], .. FuzzTarget.Utf8("JFIF\0", "Adobe")]);

    public static FuzzTarget Gif { get; } = Make("gif", Read, Kinds.Gif, [.. FuzzTarget.Utf8("GIF89a", "!\u0004", ","), [0x21, 0xF9, 4], [0x21, 0xFE]]);

    public static FuzzTarget Bmp { get; } = Make("bmp", Read, Kinds.Bmp, FuzzTarget.Utf8("BM"));

    static FuzzTarget Make(string name, ReadOnlySpanAction read, Func<IEnumerable<byte[]>> seeds, byte[][] words) =>
        new(name, read, seeds) { Words = words, AllocationLimit = 64 << 20 };

    static void Read(ReadOnlySpan<byte> input)
    {
        RgbImage image = RgbImage.Decode(input, limits);
        if ((long)image.Width * image.Height > limits.MaxPixels) throw new InvalidOperationException($"{image.Width}×{image.Height} pixels are beyond the limit");
        // What the decoder leaves unwritten in its memory would differ.
        if (!RgbImage.Decode(input, limits).Pixels.AsSpan().SequenceEqual(image.Pixels)) throw new InvalidOperationException("read twice, the pixels differ");
    }

    static void ReadPng(ReadOnlySpan<byte> input)
    {
        try
        {
            Read(input);
        }
        catch (InvalidRequestException)
        {
            byte[] repaired = input.ToArray();
            PngWriter.Repair(repaired);
            Read(repaired);
        }
    }
}
