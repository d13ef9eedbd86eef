namespace Llama4.Core.Images;

/// <summary>
/// An image file that was walked from end to end and written anew with the parts that decoding needs, so that the decoder
/// meets a well-formed file whose size in memory is known.
/// </summary>
/// <param name="Format">PNG, JPEG or BMP.</param>
/// <param name="File">The file without metadata, colour profiles, transparency, later frames and whatever follows its end.</param>
sealed record CheckedImage(string Format, int Width, int Height, byte[] File);
