using StbImageSharp;

namespace Llama4.Core.Images;

/// <summary>PNG, JPEG and BMP by StbImageSharp, which has no limits of its own: <see cref="CheckedImage"/> sets them.</summary>
sealed class StbDecoder : IImageDecoder
{
    public byte[] Decode(CheckedImage image)
    {
        using var stream = new BoundedStream(image.File);
        ImageResult result;
        try
        {
            result = ImageResult.FromStream(stream, ColorComponents.RedGreenBlue);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The one border to foreign code: it throws whatever it runs into, and all of it means that the file is damaged.
            throw new InvalidRequestException($"{image.Format}: the pixel data is damaged: {e.Message}", e);
        }
        if (result.Width != image.Width || result.Height != image.Height)
            throw new InvalidRequestException($"{image.Format}: decoded {result.Width}×{result.Height} pixels, "
                + $"the header says {image.Width}×{image.Height}");
        // A decoder that stopped early leaves part of its memory unwritten, and returns it all the same.
        if (stream.Position != stream.Length)
            throw new InvalidRequestException($"{image.Format}: the pixel data is damaged: "
                + $"decoding stopped {stream.Length - stream.Position} bytes early");
        return result.Data;
    }
}
