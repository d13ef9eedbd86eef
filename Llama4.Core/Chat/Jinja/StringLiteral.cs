using System.Globalization;
using System.Text;

namespace Llama4.Core.Chat.Jinja;

static class StringLiteral
{
    /// <summary>
    /// What the characters between the quotes mean, by Python's escapes. False where one lacks its digits, or names a character (\N).
    /// </summary>
    /// <param name="escapedSlash">Whether \/ is a slash, as in JSON.</param>
    public static bool TryUnescape(ReadOnlySpan<char> written, bool escapedSlash, out string meant)
    {
        if (!written.Contains('\\'))
        {
            meant = written.ToString();
            return true;
        }
        var result = new StringBuilder(written.Length);
        meant = "";
        for (int at = 0; at < written.Length; at++)
        {
            if (written[at] != '\\' || at + 1 == written.Length)
            {
                result.Append(written[at]);
                continue;
            }
            char kind = written[++at];
            int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (!TryAppendCodePoint(result, written[(at + 1)..], digits))
                    return false;
                at += digits;
            }
            else if (kind is >= '0' and <= '7')
                result.Append(Octal(written, ref at));
            else if (kind == 'N')
                return false;
            else
                result.Append(kind switch
                {
                    'n' => "\n", 't' => "\t", 'r' => "\r", 'a' => "\a", 'b' => "\b", 'f' => "\f", 'v' => "\v", '\n' => "",
                    '\\' or '\'' or '"' => kind.ToString(),
                    '/' when escapedSlash => "/",
                    _ => "\\" + kind,
                });
        }
        meant = result.ToString();
        return true;
    }

    /// <summary>Up to three digits; the position is left on the last.</summary>
    static char Octal(ReadOnlySpan<char> written, ref int at)
    {
        int value = 0, end = Math.Min(at + 3, written.Length);
        for (; at < end && written[at] is >= '0' and <= '7'; at++)
            value = value * 8 + written[at] - '0';
        at--;
        return (char)value;
    }

    static bool TryAppendCodePoint(StringBuilder result, ReadOnlySpan<char> rest, int digits)
    {
        if (rest.Length < digits
            || !uint.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            || value > 0x10ffff)
            return false;
        if (value < 0x10000)
            result.Append((char)value);
        else
            result.Append(char.ConvertFromUtf32((int)value));
        return true;
    }
}
