namespace Llama4.Core.Formats;

/// <summary>
/// The printable alphabet in which byte-level vocabularies are written: bytes 33–126, 161–172 and 174–255 are the character of that
/// code, the other 68 are U+0100, U+0101, … in order of value.
/// </summary>
internal static class ByteAlphabet
{
    static readonly short[] byteOf = Build();

    /// <summary>
    /// The bytes that UTF-8 text stands for; returns their number, or -1 when a character is not in the alphabet or they do not fit.
    /// </summary>
    public static int ToBytes(ReadOnlySpan<byte> utf8, Span<byte> target)
    {
        int written = 0;
        for (int i = 0; i < utf8.Length; i++)
        {
            int code = utf8[i];
            // The alphabet ends below U+0800: two bytes of UTF-8 at most.
            if (code >= 0x80)
            {
                if (code is < 0xC2 or > 0xDF || i + 1 == utf8.Length) return -1;
                code = (code & 0x1F) << 6 | utf8[++i] & 0x3F;
            }
            int value = code < byteOf.Length ? byteOf[code] : -1;
            if (value < 0 || written == target.Length) return -1;
            target[written++] = (byte)value;
        }
        return written;
    }

    /// <summary>The inverse of <see cref="ToBytes"/>.</summary>
    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        var text = new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++) text[i] = (char)Array.IndexOf(byteOf, bytes[i]);
        return new string(text);
    }

    static short[] Build()
    {
        var table = new short[0x100 + 68];
        Array.Fill(table, (short)-1);
        int next = 0x100;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is >= 33 and <= 126 or >= 161 and <= 172 or >= 174;
            table[printable ? value : next++] = (short)value;
        }
        return table;
    }
}
