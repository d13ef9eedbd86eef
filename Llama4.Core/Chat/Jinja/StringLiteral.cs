using System.Globalization;
using System.Text;

namespace Llama4.Core.Chat.Jinja;

static class StringLiteral
{
    /// <summary>What the characters between the quotes mean: Python's escapes, except names (\N).</summary>
    public static string Unescape(ReadOnlySpan<char> written, int line)
    {
        if (!written.Contains('\\'))
            return written.ToString();
        var meant = new StringBuilder(written.Length);
        for (int at = 0; at < written.Length; at++)
        {
            if (written[at] != '\\' || at + 1 == written.Length)
            {
                meant.Append(written[at]);
                continue;
            }
            char kind = written[++at];
            int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                AppendCodePoint(meant, written[(at + 1)..], digits, line);
                at += digits;
            }
            else if (kind is >= '0' and <= '7')
            {
                int value = 0, end = Math.Min(at + 3, written.Length);
                for (; at < end && written[at] is >= '0' and <= '7'; at++)
                    value = value * 8 + written[at] - '0';
                meant.Append((char)value);
                at--;
            }
            else if (kind == 'N')
                throw TemplateException.NotSupported(@"\N in a string", line);
            else
                meant.Append(kind switch
                {
                    'n' => "\n", 't' => "\t", 'r' => "\r", 'a' => "\a", 'b' => "\b", 'f' => "\f", 'v' => "\v", '\n' => "",
                    '\\' or '\'' or '"' => kind.ToString(),
                    _ => "\\" + kind,
                });
        }
        return meant.ToString();
    }

    static void AppendCodePoint(StringBuilder meant, ReadOnlySpan<char> rest, int digits, int line)
    {
        if (rest.Length < digits || !uint.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value) || value > 0x10ffff)
            throw new TemplateException($"a string escape needs {digits} hexadecimal digits of a character", line);
        if (value < 0x10000)
            meant.Append((char)value);
        else
            meant.Append(char.ConvertFromUtf32((int)value));
    }
}
