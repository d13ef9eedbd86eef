namespace Llama4.Core.Images;

/// <summary>An 8-bit RGB picture: rows from the top, 3 bytes a pixel.</summary>
public sealed class RgbImage
{
    /// <exception cref="InvalidRequestException">A side is not positive, or the pixels are not 3 · width · height bytes.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        if (width <= 0 || height <= 0 || pixels.LongLength != 3L * width * height)
            throw new InvalidRequestException($"an image of {width}×{height} pixels needs {3L * width * height} bytes, got {pixels.LongLength}");
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    public int Width { get; }
    public int Height { get; }
    public byte[] Pixels { get; }

    /// <summary>
    /// Reads a PNG, JPEG, BMP or GIF (its first frame) from memory. Alpha is dropped, not blended; an orientation in the
    /// metadata is not applied.
    /// </summary>
    /// <param name="limits">Default: <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="InvalidRequestException">The file is damaged, of another kind, or beyond the limits.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file, ImageLimits? limits = null) =>
        ImageReader.Decode(file, limits ?? ImageLimits.Default);

    /// <summary>Reads an image file; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidRequestException">There is no such file, or it cannot be read as an image; the message starts with the path.</exception>
    public static RgbImage Load(string path, ImageLimits? limits = null) => ImageReader.Load(path, limits ?? ImageLimits.Default);

    /// <summary>Reads an image from the text <c>data:image/png;base64,…</c>; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidRequestException">The text is not such a URI, or it cannot be read as an image.</exception>
    public static RgbImage FromDataUri(string uri, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        return Decode(DataUri.ImageBytes(uri, limits.MaxFileBytes), limits);
    }
}
