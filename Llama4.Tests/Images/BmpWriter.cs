namespace Llama4.Tests.Images;

/// <summary>Writes BMP files for tests.</summary>
static class BmpWriter
{
    /// <param name="pixel">Bits of a pixel by column and row from the top.</param>
    /// <param name="gap">Bytes between headers and pixels.</param>
    /// <param name="masks">Bit masks of red, green and blue for 16 and 32 bits.</param>
    public static byte[] Write(int width, int height, int bits, Func<int, int, uint> pixel, byte[]? palette = null, bool topDown = false, int gap = 0, uint[]? masks = null)
    {
        int rowBytes = (width * bits + 31) / 32 * 4, head = 54 + 4 * (masks?.Length ?? 0) + (palette?.Length ?? 0) + gap;
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("BM"u8);
        writer.Write(head + rowBytes * height);
        writer.Write(0);
        writer.Write(head);
        writer.Write(40);
        writer.Write(width);
        writer.Write(topDown ? -height : height);
        writer.Write((short)1);
        writer.Write((short)bits);
        writer.Write(masks is null ? 0 : 3);
        writer.Write(rowBytes * height);
        writer.Write(0L);
        writer.Write((palette?.Length ?? 0) / 4);
        writer.Write(0);
        foreach (uint mask in masks ?? []) writer.Write(mask);
        writer.Write(palette ?? []);
        writer.Write(new byte[gap]);
        for (int i = 0; i < height; i++)
        {
            int y = topDown ? i : height - 1 - i;
            var row = new byte[rowBytes];
            for (int x = 0; x < width; x++)
                for (int bit = 0; bit < bits; bit++)
                {
                    // Whole bytes from the lowest on; in a byte of several pixels the first one is highest.
                    int at = bits >= 8 ? x * bits + bit : x * bits / 8 * 8 + (8 - bits - x * bits % 8) + bit;
                    row[at / 8] |= (byte)((pixel(x, y) >> bit & 1) << at % 8);
                }
            writer.Write(row);
        }
        writer.Flush();
        return file.ToArray();
    }
}
