namespace Llama4.Core.Images;

/// <summary>
/// LZW as GIF has it: codes from the lowest bit on, growing from the first length to 12 bits, a code that clears the table and one that ends.
/// </summary>
static class GifCode
{
    const int MaxCodes = 4096;

    /// <summary>Fills <paramref name="target"/>; what the data holds beyond is not looked at.</summary>
    /// <exception cref="InvalidRequestException">The data is damaged or ends early.</exception>
    public static void Decode(ReadOnlySpan<byte> data, int firstBits, Span<byte> target)
    {
        if (firstBits is < 1 or > 8) throw Damaged($"codes start with {firstBits} bits, not 1 to 8");
        var prefixes = new short[MaxCodes];
        var lasts = new byte[MaxCodes];
        var lengths = new short[MaxCodes];
        int clear = 1 << firstBits, end = clear + 1;
        for (int i = 0; i < clear; i++)
        {
            lasts[i] = (byte)i;
            lengths[i] = 1;
        }

        int bits = firstBits + 1, codes = end + 1, previous = -1, written = 0;
        uint buffer = 0;
        for (int read = 0, buffered = 0; written < target.Length;)
        {
            for (; buffered < bits; buffered += 8)
            {
                if (read == data.Length) throw Damaged($"the data ends after {written} of {target.Length} pixels");
                buffer |= (uint)data[read++] << buffered;
            }
            int code = (int)(buffer & ((1u << bits) - 1));
            buffer >>= bits;
            buffered -= bits;
            if (code == end) throw Damaged($"the data ends after {written} of {target.Length} pixels");
            if (code == clear)
            {
                (bits, codes, previous) = (firstBits + 1, end + 1, -1);
                continue;
            }

            bool isNew = code == codes && previous >= 0 && codes < MaxCodes;
            if (code >= codes && !isNew) throw Damaged($"code {code} is used before it is defined");
            int length = isNew ? lengths[previous] + 1 : lengths[code];
            byte first = Write(isNew ? previous : code, written, target);
            if (isNew && written + length <= target.Length) target[written + length - 1] = first;
            if (previous >= 0 && codes < MaxCodes)
            {
                (prefixes[codes], lasts[codes], lengths[codes]) = ((short)previous, first, (short)(lengths[previous] + 1));
                codes++;
                if (codes == 1 << bits && bits < 12) bits++;
            }
            written += length;
            previous = code;
        }

        // The string of a code, from its last byte to its first, which is returned.
        byte Write(int code, int at, Span<byte> target)
        {
            for (int i = at + lengths[code] - 1; ; i--, code = prefixes[code])
            {
                if (i < target.Length) target[i] = lasts[code];
                if (lengths[code] == 1) return lasts[code];
            }
        }
    }

    static InvalidRequestException Damaged(string problem) => new($"GIF: the pixel data is damaged: {problem}");
}
