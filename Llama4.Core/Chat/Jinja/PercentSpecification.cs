namespace Llama4.Core.Chat.Jinja;

/// <summary>What follows a "%" in a format text: %(name)-05.2f.</summary>
/// <param name="Kind">s, r, d, f, x, X or %.</param>
readonly record struct PercentSpecification(string? Name, bool Left, bool Zero, bool Plus, bool Blank, int Width, int? Precision, char Kind)
{
    const int mostDigits = 6;   // a width of a million is beyond any use, and more is beyond the length of a text

    /// <summary>Reads from the "%" at <paramref name="at"/> and leaves it behind the specification.</summary>
    public static PercentSpecification Parse(string format, ref int at)
    {
        int cursor = at + 1;
        string? name = null;
        if (Peek() == '(')
        {
            int close = format.IndexOf(')', cursor);
            if (close < 0)
                throw new TemplateException("incomplete format key");
            name = format[(cursor + 1)..close];
            cursor = close + 1;
        }
        int flags = cursor;
        while (Peek() is '-' or '0' or '+' or ' ')
            cursor++;
        string given = format[flags..cursor];
        int width = Number();
        int? precision = null;
        if (Peek() == '.')
        {
            cursor++;
            precision = Math.Min(Number(), 300);
        }
        char kind = Peek() switch
        {
            's' or 'r' or 'x' or 'X' or '%' => Peek(),
            'd' or 'i' or 'u' => 'd',
            'f' or 'F' => 'f',
            '\0' => throw new TemplateException("incomplete format"),
            char other => throw TemplateException.NotSupported($"format character '%{other}'"),
        };
        at = cursor + 1;
        return new(name, given.Contains('-'), given.Contains('0'), given.Contains('+'), given.Contains(' '), width, precision, kind);

        char Peek() => cursor < format.Length ? format[cursor] : '\0';

        int Number()
        {
            int start = cursor;
            while (char.IsAsciiDigit(Peek()))
                cursor++;
            if (cursor - start > mostDigits)
                throw new TemplateException($"width or precision of more than {mostDigits} digits");
            return cursor == start ? 0 : int.Parse(format.AsSpan(start, cursor - start), System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
