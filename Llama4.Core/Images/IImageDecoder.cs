namespace Llama4.Core.Images;

/// <summary>Turns a checked image file into pixels.</summary>
interface IImageDecoder
{
    /// <summary>8-bit RGB, 3 · width · height bytes. Alpha is dropped, not blended; of 16 bits the high 8 are kept.</summary>
    /// <exception cref="InvalidRequestException">The pixel data is damaged.</exception>
    byte[] Decode(CheckedImage image);
}
