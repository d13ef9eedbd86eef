namespace Llama4.Core.Images;

/// <summary>Image files: recognised by their first bytes, checked, then decoded.</summary>
static class ImageReader
{
#if IMAGESHARP
    static readonly IImageDecoder decoder = new ImageSharpDecoder();
#else
    static readonly IImageDecoder decoder = new StbDecoder();
#endif

    /// <inheritdoc cref="RgbImage.Decode"/>
    public static RgbImage Decode(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        if (file.Length > limits.MaxFileBytes) throw TooLarge(file.Length, limits);
        if (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8)) return GifFile.Decode(file, limits);
        CheckedImage image = Check(file, limits);
        return new RgbImage(image.Width, image.Height, decoder.Decode(image));
    }

    /// <inheritdoc cref="RgbImage.Load"/>
    public static RgbImage Load(string path, ImageLimits limits)
    {
        byte[] bytes;
        try
        {
            using FileStream file = File.OpenRead(path);
            if (!file.CanSeek) throw new InvalidRequestException("is not a regular file");
            if (file.Length > limits.MaxFileBytes) throw TooLarge(file.Length, limits);
            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidRequestException($"{path}: the image cannot be read: {e.Message}", e);
        }
        try
        {
            return Decode(bytes, limits);
        }
        catch (InvalidRequestException e)
        {
            throw new InvalidRequestException($"{path}: {e.Message}", e);
        }
    }

    static CheckedImage Check(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        if (file.StartsWith(PngFile.Signature)) return PngFile.Check(file, limits);
        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])) return JpegFile.Check(file, limits);
        if (file.StartsWith("BM"u8)) return BmpFile.Check(file, limits);
        throw new InvalidRequestException(file.IsEmpty
            ? "the image is empty: 0 bytes"
            : $"the image starts with {Convert.ToHexString(file[..Math.Min(file.Length, 8)])}: it is neither PNG, JPEG, BMP nor GIF");
    }

    static InvalidRequestException TooLarge(long bytes, ImageLimits limits) =>
        new($"an image file of {bytes} bytes is larger than {limits.MaxFileBytes}");
}
