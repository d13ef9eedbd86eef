namespace Llama4.Core.Images;

/// <summary>data: URIs (RFC 2397) that hold an image in base64, as chat APIs pass pictures.</summary>
static class DataUri
{
    const string Scheme = "data:", Base64 = ";base64";
    const int ShownLength = 40;

    /// <summary>
    /// The bytes, at most <paramref name="maxBytes"/>. What they are is for the decoder to see: the type named need not be true.
    /// </summary>
    /// <exception cref="InvalidRequestException">It is not such a URI, or too long.</exception>
    public static byte[] ImageBytes(string uri, int maxBytes)
    {
        int comma = uri.IndexOf(',');
        if (!uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || comma < 0)
            throw new InvalidRequestException($"an image is expected as data:image/png;base64,… (or jpeg, bmp, gif), got {Shown(uri)}");
        ReadOnlySpan<char> header = uri.AsSpan(Scheme.Length, comma - Scheme.Length), data = uri.AsSpan(comma + 1);
        if (!header.EndsWith(Base64, StringComparison.OrdinalIgnoreCase))
            throw new InvalidRequestException($"the image must be in base64, got {Shown(uri)}");
        int end = header.IndexOf(';');
        if (header[..end] is not ("image/png" or "image/jpeg" or "image/jpg" or "image/bmp" or "image/gif"))
            throw new InvalidRequestException($"the media type {Shown(header[..end].ToString())} is not image/png, image/jpeg, image/bmp or image/gif");
        if (data.Length / 4L * 3 > maxBytes + 3L)
            throw new InvalidRequestException($"an image in {data.Length} characters of base64 is larger than {maxBytes} bytes");

        var bytes = new byte[data.Length / 4 * 3];
        if (!Convert.TryFromBase64Chars(data, bytes, out int written))
            throw new InvalidRequestException($"the image's base64 ({data.Length} characters) is not valid: "
                + "A–Z, a–z, 0–9, + and / in groups of four are expected, with = at the end");
        return bytes[..written];
    }

    static string Shown(string text) => text.Length <= ShownLength ? $"'{text}'" : $"'{text[..ShownLength]}…' ({text.Length} characters)";
}
