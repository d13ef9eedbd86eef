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
}
