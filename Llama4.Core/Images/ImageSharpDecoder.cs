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
                throw new InvalidRequestException($"{image.Format}: decoded {decoded.Width}×{decoded.Height} pixels, the header says {image.Width}×{image.Height}");
            decoded.ProcessPixelRows(rows =>
            {
                for (int y = 0; y < rows.Height; y++)
                {
                    Span<Rgb24> row = rows.GetRowSpan(y);
                    int target = 3 * y * rows.Width;
                    foreach (Rgb24 pixel in row)
                    {
                        pixels[target++] = pixel.R;
                        pixels[target++] = pixel.G;
                        pixels[target++] = pixel.B;
                    }
                }
            });
        }
        catch (Exception e) when (e is ImageFormatException or ImageProcessingException)
        {
            throw new InvalidRequestException($"{image.Format}: the pixel data is damaged: {e.Message}", e);
        }
        return pixels;
    }
}
#endif
