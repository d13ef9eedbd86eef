namespace Llama4.Core.Chat.Jinja;

/// <summary>Work on texts that methods and filters share. Each result keeps who wrote its characters.</summary>
static class TextFunctions
{
    /// <param name="characters">What to take off; null means white space.</param>
    public static Text Strip(Budget budget, Text text, Text? characters, bool left = true, bool right = true)
    {
        string chars = text.Chars;
        budget.Characters(characters is null ? 0 : (long)chars.Length + characters.Chars.Length);
        HashSet<int>? stripped = characters is null ? null : CodePoints.Of(characters.Chars);
        int start = 0, end = chars.Length;
        while (left && start < end && Goes(start))
            start += CodePoints.LengthAt(chars, start);
        while (right && end > start && Goes(Before(end)))
            end = Before(end);
        return text.Part(budget, start, end - start);

        bool Goes(int at) => stripped?.Contains(CodePoints.At(chars, at)) ?? CodePoints.IsSpace(chars[at]);

        int Before(int at) => at >= 2 && CodePoints.LengthAt(chars, at - 2) == 2 ? at - 2 : at - 1;
    }

    public static Text Cased(Budget budget, Text text, bool upper) => MapLetters(budget, text, (_, _) => upper);

    /// <summary>First letter upper, the others lower.</summary>
    public static Text Capitalize(Budget budget, Text text) => MapLetters(budget, text, (_, at) => at == 0);

    /// <summary>str.title: a letter that follows no letter is upper.</summary>
    public static Text Title(Budget budget, Text text) =>
        MapLetters(budget, text, (chars, at) => at == 0 || !char.IsLetter(chars[at - 1]) && !char.IsLowSurrogate(chars[at - 1]));

    /// <summary>The filter title: words begin after space, hyphen or an opening bracket.</summary>
    public static Text TitleWords(Budget budget, Text text) => MapLetters(
        budget, text, (chars, at) => at == 0 || CodePoints.IsSpace(chars[at - 1]) || chars[at - 1] is '-' or '(' or '{' or '[' or '<');

    /// <param name="count">At most so many replacements; negative means all.</param>
    public static Text Replace(Budget budget, Text text, Text old, Text replacement, int count)
    {
        string chars = text.Chars;
        budget.Search(chars.Length, old.Chars.Length);
        var output = new TextBuilder(budget);
        int at = 0;
        if (old.Chars.Length == 0)
        {
            for (; at < chars.Length && count != 0; at += CodePoints.LengthAt(chars, at), count--)
            {
                output.Append(replacement);
                output.Append(text, at, CodePoints.LengthAt(chars, at));
            }
            if (count != 0)
                output.Append(replacement);
        }
        else
        {
            for (; count != 0 && chars.IndexOf(old.Chars, at, StringComparison.Ordinal) is >= 0 and var found; count--)
            {
                output.Append(text, at, found - at);
                output.Append(replacement);
                at = found + old.Chars.Length;
            }
        }
        output.Append(text, at, chars.Length - at);
        return output.ToText();
    }

    /// <param name="separator">Null means any run of white space, with none at the ends.</param>
    /// <param name="count">At most so many cuts; negative means all.</param>
    public static Value Split(Budget budget, Text text, Text? separator, int count, bool fromRight)
    {
        if (separator is null && fromRight)
            throw TemplateException.NotSupported("rsplit without a separator");
        List<(int Start, int End)> parts = separator is null
            ? Words(budget, text.Chars, count)
            : Cut(budget, text.Chars, separator.Chars, count, fromRight);
        if (fromRight)
            parts.Reverse();
        return Pieces(budget, text, parts);
    }

    public static Value SplitLines(Budget budget, Text text)
    {
        string chars = text.Chars;
        budget.Characters(chars.Length);
        List<(int, int)> lines = [];
        int start = 0;
        for (int at = 0; at < chars.Length; at++)
        {
            if (!CodePoints.IsLineEnd(chars[at]))
                continue;
            lines.Add((start, at));
            at += chars[at] == '\r' && at + 1 < chars.Length && chars[at + 1] == '\n' ? 1 : 0;
            start = at + 1;
        }
        if (start < chars.Length)
            lines.Add((start, chars.Length));
        return Pieces(budget, text, lines);
    }

    public static Text Join(Budget budget, Text separator, IReadOnlyList<Value> items)
    {
        budget.Steps(items.Count);
        var output = new TextBuilder(budget);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                output.Append(separator);
            Printer.Print(budget, output, items[i]);
        }
        return output.ToText();
    }

    /// <summary>First or last place, in code points; -1 when there is none.</summary>
    public static int Find(Budget budget, Text text, Text part, bool last)
    {
        budget.Search(text.Chars.Length, part.Chars.Length);
        int found = last
            ? text.Chars.LastIndexOf(part.Chars, StringComparison.Ordinal)
            : text.Chars.IndexOf(part.Chars, StringComparison.Ordinal);
        return found < 0 ? -1 : text.CodePointAt(found);
    }

    public static int Count(Budget budget, Text text, Text part)
    {
        budget.Search(text.Chars.Length, part.Chars.Length);
        if (part.Chars.Length == 0)
            return text.Length + 1;
        int count = 0;
        for (int at = 0; (at = text.Chars.IndexOf(part.Chars, at, StringComparison.Ordinal)) >= 0; at += part.Chars.Length)
            count++;
        return count;
    }

    public static Text Center(Budget budget, Text text, int width)
    {
        int padding = Math.Max(0, width - text.Length), left = padding / 2 + (padding & width & 1);
        var output = new TextBuilder(budget);
        output.AppendMade(' ', left);
        output.Append(text);
        output.AppendMade(' ', padding - left);
        return output.ToText();
    }

    /// <param name="first">Whether the first line is indented.</param>
    /// <param name="blank">Whether empty lines are.</param>
    public static Text Indent(Budget budget, Text text, Text indent, bool first, bool blank)
    {
        var output = new TextBuilder(budget);
        IReadOnlyList<Value> lines = ((Sequence)SplitLines(budget, Operators.Concat(budget, text, Text.Untrusted("\n")))).Items;
        for (int i = 0; i < lines.Count; i++)
        {
            var line = (Text)lines[i];
            if (i > 0)
                output.AppendMade("\n");
            if (i == 0 ? first : blank || line.Chars.Length > 0)
                output.Append(indent);
            output.Append(line);
        }
        return output.ToText();
    }

    public static Text Truncate(Budget budget, Text text, int length, bool killWords, Text end, int leeway)
    {
        if (text.Length <= (long)length + leeway)
            return text;
        if (length < end.Length)
            throw new TemplateException($"expected length >= {end.Length}, got {length}");
        int stop = text.OffsetOf(length - end.Length);
        int space = killWords || stop == 0 ? -1 : text.Chars.LastIndexOf(' ', stop - 1);
        return Operators.Concat(budget, text.Part(budget, 0, space < 0 ? stop : space), end);
    }

    static Text MapLetters(Budget budget, Text text, Func<string, int, bool> isUpper)
    {
        var output = new TextBuilder(budget);
        string chars = text.Chars;
        for (int at = 0; at < chars.Length; at += CodePoints.LengthAt(chars, at))
            output.Append(CodePoints.Cased(chars, at, isUpper(chars, at)), text.IsTrustedAt(at));
        return output.ToText();
    }

    static Sequence Pieces(Budget budget, Text text, List<(int Start, int End)> parts)
    {
        budget.Items(parts.Count);
        return Sequence.List([.. parts.Select(part => text.Part(budget, part.Start, part.End - part.Start))]);
    }

    static List<(int Start, int End)> Cut(Budget budget, string chars, string separator, int count, bool fromRight)
    {
        if (separator.Length == 0)
            throw new TemplateException("empty separator");
        budget.Search(chars.Length, separator.Length);
        List<(int, int)> parts = [];
        int start = 0, end = chars.Length;
        for (; count != 0; count--)
        {
            int found = fromRight
                ? chars.AsSpan(0, end).LastIndexOf(separator)
                : chars.IndexOf(separator, start, StringComparison.Ordinal);
            if (found < 0)
                break;
            parts.Add(fromRight ? (found + separator.Length, end) : (start, found));
            (start, end) = fromRight ? (start, found) : (found + separator.Length, end);
        }
        parts.Add((start, end));
        return parts;
    }

    static List<(int Start, int End)> Words(Budget budget, string chars, int count)
    {
        budget.Characters(chars.Length);
        List<(int, int)> parts = [];
        int at = 0;
        while (true)
        {
            while (at < chars.Length && CodePoints.IsSpace(chars[at]))
                at++;
            if (at == chars.Length)
                return parts;
            int start = at;
            at = count-- == 0 ? chars.Length : at;
            while (at < chars.Length && !CodePoints.IsSpace(chars[at]))
                at++;
            parts.Add((start, at));
        }
    }
}
