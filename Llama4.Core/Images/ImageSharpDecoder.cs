#if IMAGESHARP
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace Llama4.Core.Images;

/// <summary>PNG, JPEG and BMP by SixLabors.ImageSharp; compiled in with <c>-p:ImageSharp=true</c> where its package can be restored.</summary>
sealed class ImageSharpDecoder : IImageDecoder
{
    public byte[] Decode(CheckedImage image)
    {
        var pixels = new byte[3 * image.Width * image.Height];
        try
        {
            using Image<Rgb24> decoded = Image.Load<Rgb24>(image.File);
            if (decoded.Width != image.Width || decoded.Height != image.Height)
                throw new InvalidDataException($"decoded {decoded.Width}×{decoded.Height} pixels, the header says {image.Width}×{image.Height}");
            decoded.ProcessPixelRows(rows =>
            {
                int target = 0;
                for (int y = 0; y < rows.Height; y++)
                    foreach (Rgb24 pixel in rows.GetRowSpan(y))
                    {
                        pixels[target++] = pixel.R;
                        pixels[target++] = pixel.G;
                        pixels[target++] = pixel.B;
                    }
            });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The one border to foreign code: whatever it throws means that the file is damaged.
            throw new InvalidRequestException($"{image.Format}: the pixel data is damaged: {e.Message}", e);
        }
        return pixels;
    }
}
#endif
