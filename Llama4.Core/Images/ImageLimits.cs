namespace Llama4.Core.Images;

/// <summary>What an image file may ask of us. Everything is checked from its headers, before a pixel is decoded.</summary>
public sealed record ImageLimits
{
    public static ImageLimits Default { get; } = new();

    /// <summary>Largest file, in bytes.</summary>
    public int MaxFileBytes { get; init; } = 64 << 20;

    /// <summary>Longest side in pixels.</summary>
    public int MaxSide { get; init; } = 65_535;

    /// <summary>Most pixels of one image.</summary>
    public long MaxPixels { get; init; } = 64_000_000;

    /// <summary>Most parts of a file: PNG chunks, JPEG segments, GIF blocks.</summary>
    public int MaxParts { get; init; } = 100_000;

    /// <summary>Most scans of a JPEG.</summary>
    public int MaxScans { get; init; } = 100;

    /// <summary>Most pixels times scans of a JPEG: each scan of a progressive one goes over the whole picture.</summary>
    public long MaxScannedPixels { get; init; } = 1_000_000_000;

    /// <summary>
    /// Most memory for decoding a JPEG, in bytes. A progressive one keeps the coefficients of the whole picture, 12 bytes per pixel where
    /// the colours are not subsampled.
    /// </summary>
    public long MaxDecodeBytes { get; init; } = 600_000_000;

    /// <summary>Most images of one request.</summary>
    public int MaxImages { get; init; } = 64;

    /// <summary>Most pixels of all images of one request.</summary>
    public long MaxTotalPixels { get; init; } = 256_000_000;

    /// <summary>Checks the images of one request together.</summary>
    /// <exception cref="InvalidRequestException">There are too many, or they are too large together.</exception>
    public void CheckRequest(IReadOnlyCollection<RgbImage> images)
    {
        if (images.Count > MaxImages)
            throw new InvalidRequestException($"the request has {images.Count} images, more than {MaxImages}");
        long pixels = 0;
        foreach (RgbImage image in images) pixels += (long)image.Width * image.Height;
        if (pixels > MaxTotalPixels)
            throw new InvalidRequestException($"the images of the request have {pixels} pixels together, more than {MaxTotalPixels}");
    }

    /// <summary>Checks a size that a header claims.</summary>
    internal void CheckSize(string format, long width, long height)
    {
        if (width <= 0 || height <= 0)
            throw new InvalidRequestException($"{format}: the image is {width}×{height} pixels; both sides must be positive");
        if (width > MaxSide || height > MaxSide)
            throw new InvalidRequestException($"{format}: the image is {width}×{height} pixels; no side may be longer than {MaxSide}");
        if (width * height > MaxPixels)
            throw new InvalidRequestException($"{format}: the image is {width}×{height} pixels, {width * height} in all; at most {MaxPixels} are read");
    }

    internal void CheckParts(string format, int parts)
    {
        if (parts > MaxParts) throw new InvalidRequestException($"{format}: the file has more than {MaxParts} parts");
    }
}
