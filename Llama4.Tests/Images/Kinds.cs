namespace Llama4.Tests.Images;

/// <summary>Small valid files of every kind that is read.</summary>
static class Kinds
{
    public static IEnumerable<byte[]> All() => [.. Jpeg(), .. Png(), .. Bmp(), .. Gif()];

    public static IEnumerable<byte[]> Jpeg()
    {
        yield return FlatJpeg.Write(20, 20, [255, 128, 0, 255]);
        yield return FlatJpeg.Write(20, 20, [200, 100, 128]);
        foreach (string file in Directory.GetFiles(TestData.Path("images", "jpeg"), "*.jpg").Order()) yield return File.ReadAllBytes(file);
    }

    public static IEnumerable<byte[]> Png()
    {
        foreach ((int color, int depth) in new[] { (0, 1), (0, 16), (2, 8), (3, 4), (4, 8), (6, 16) })
            foreach (bool interlaced in new[] { false, true })
                yield return PngWriter.Write(19, 13, depth, color, (x, y, c) => (x * 7 + y * 3 + c) % (1 << depth), interlaced, color == 3 ? new byte[48] : null);
    }

    public static IEnumerable<byte[]> Bmp()
    {
        foreach (int bits in new[] { 1, 4, 8, 16, 24, 32 })
            yield return BmpWriter.Write(19, 13, bits, (x, y) => (uint)((x + y) % (1L << bits)), bits <= 8 ? new byte[4 << bits] : null);
    }

    public static IEnumerable<byte[]> Gif()
    {
        foreach (bool interlaced in new[] { false, true })
            yield return GifWriter.Write(19, 13, new byte[48], [.. Enumerable.Range(0, 19 * 13).Select(i => (byte)(i % 11))], interlaced: interlaced);
    }
}
