namespace Llama4.Core.Images;

/// <summary>
/// The first frame of a GIF (89a). Decoded here: bounding the work of another decoder would take running the same LZW before it.
/// Transparent pixels show the colour of their palette entry, and so do pixels outside the frame.
/// </summary>
static class GifFile
{
    const string Format = "GIF";
    const int Extension = 0x21, ImageBlock = 0x2C, Trailer = 0x3B, GraphicControl = 0xF9;
    const int HasPalette = 0x80, Interlaced = 0x40;

    /// <exception cref="InvalidRequestException">The file breaks a rule of its format or one of <paramref name="limits"/>.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        var reader = new ByteReader(Format, file);
        reader.Take(6);
        int width = reader.UInt16(), height = reader.UInt16();
        int flags = reader.Byte();
        reader.Take(2);
        ReadOnlySpan<byte> palette = Palette(ref reader, flags);
        int transparent = SkipToImage(ref reader, limits);

        int left = reader.UInt16(), top = reader.UInt16(), frameWidth = reader.UInt16(), frameHeight = reader.UInt16();
        flags = reader.Byte();
        if ((flags & HasPalette) != 0) palette = Palette(ref reader, flags);
        if (palette.IsEmpty) throw reader.Error("the first frame has no palette");
        limits.CheckSize(Format, frameWidth, frameHeight);
        width = Math.Max(width, left + frameWidth);
        height = Math.Max(height, top + frameHeight);
        limits.CheckSize(Format, width, height);

        int codeBits = reader.Byte();
        byte[] data = Blocks(ref reader);
        var indices = new byte[frameWidth * frameHeight];
        GifCode.Decode(data, codeBits, indices);
        var pixels = new byte[3 * width * height];
        Span<byte> colours = stackalloc byte[3 * 256];
        palette.CopyTo(colours);
        for (int i = 0; i < pixels.Length; i += 3) colours.Slice(3 * transparent, 3).CopyTo(pixels.AsSpan(i));
        Paint(indices, frameWidth, (flags & Interlaced) != 0, colours, pixels.AsSpan(3 * (top * width + left)), 3 * width);
        return new RgbImage(width, height, pixels);
    }

    static ReadOnlySpan<byte> Palette(scoped ref ByteReader reader, int flags) =>
        (flags & HasPalette) == 0 ? [] : reader.Take(3 * (2 << (flags & 7)));

    /// <summary>Returns the first frame's transparent palette entry, 0 without one.</summary>
    static int SkipToImage(ref ByteReader reader, ImageLimits limits)
    {
        int transparent = 0;
        for (int blocks = 1; ; blocks++)
        {
            limits.CheckParts(Format, blocks);
            int kind = reader.Byte();
            if (kind == ImageBlock) return transparent;
            if (kind != Extension)
                throw reader.Error(kind == Trailer ? "the file has no frame" : $"no block starts with {kind:X2} at byte {reader.Position - 1}");
            int label = reader.Byte();
            ReadOnlySpan<byte> data = Blocks(ref reader);
            if (label == GraphicControl && data.Length >= 4) transparent = (data[0] & 1) != 0 ? data[3] : 0;
        }
    }

    /// <summary>Joins blocks of up to 255 bytes that end with an empty one.</summary>
    static byte[] Blocks(ref ByteReader reader)
    {
        var data = new MemoryStream();
        for (int length; (length = reader.Byte()) > 0;) data.Write(reader.Take(length));
        return data.ToArray();
    }

    /// <summary>Writes a frame to a target that starts at its first pixel and whose rows are <paramref name="stride"/> bytes apart.</summary>
    static void Paint(byte[] indices, int width, bool interlaced, ReadOnlySpan<byte> colours, Span<byte> target, int stride)
    {
        int height = indices.Length / width, source = 0;
        foreach ((int first, int step) in interlaced ? new[] { (0, 8), (4, 8), (2, 4), (1, 2) } : [(0, 1)])
            for (int row = first; row < height; row += step)
                for (int column = 0; column < width; column++)
                    colours.Slice(3 * indices[source++], 3).CopyTo(target[(row * stride + 3 * column)..]);
    }
}
