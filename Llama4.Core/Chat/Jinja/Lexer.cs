namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// Cuts a template into tokens, with trim_blocks (the line end after a block tag goes) and lstrip_blocks (so do blanks before a block tag
/// that begins a line), as chat templates are written for.
/// </summary>
sealed class Lexer
{
    static readonly string[] operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "(", ")", "[", "]", "{", "}", ">", "<", "=", ".", ":", "|", ",",
    ];

    readonly string source;
    readonly List<Token> tokens = [];
    readonly Stack<char> brackets = [];
    int at, line = 1;
    bool atLineStart = true;

    Lexer(string source) => this.source = source;

    /// <exception cref="TemplateException">With the line.</exception>
    public static IReadOnlyList<Token> Read(string source)
    {
        if (source.Length > Limits.SourceLength)
            throw new TemplateException($"a template of {source.Length} characters (at most {Limits.SourceLength})", 1);
        source = source.ReplaceLineEndings("\n");
        var lexer = new Lexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.ReadAll();
        return lexer.tokens;
    }

    void ReadAll()
    {
        for (int tag; (tag = FindTag(at)) < source.Length;)
        {
            char kind = source[tag + 1];
            char sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : ' ';
            ReadData(tag, sign, isPrint: kind == '{');
            MoveTo(tag + (sign == ' ' ? 2 : 3));
            if (kind == '#')
                ReadComment();
            else if (kind == '%' && IsRaw(out int body))
                ReadRaw(body);
            else
                ReadTag(kind == '{');
        }
        ReadData(source.Length, '+', isPrint: true);
        Add(TokenKind.End, "end of template");
    }

    int FindTag(int from)
    {
        for (int brace; (brace = source.IndexOf('{', from)) >= 0 && brace + 1 < source.Length; from = brace + 1)
            if (source[brace + 1] is '{' or '%' or '#')
                return brace;
        return source.Length;
    }

    /// <summary>The text up to a tag whose sign is '-' (strip all white space), '+' (strip nothing) or ' '.</summary>
    void ReadData(int end, char sign, bool isPrint)
    {
        ReadOnlySpan<char> text = source.AsSpan(at, end - at);
        if (sign == '-')
        {
            while (text.Length > 0 && CodePoints.IsSpace(text[^1]))
                text = text[..^1];
        }
        else if (sign == ' ' && !isPrint)
        {
            int lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || atLineStart) && IsBlank(text[lineStart..]))
                text = text[..lineStart];
        }
        if (text.Length > 0)
            Add(TokenKind.Data, text.ToString());
        MoveTo(end);
    }

    void ReadComment()
    {
        int close = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (close < 0)
            throw Error("Missing end of comment tag");
        char sign = close > at ? source[close - 1] : ' ';
        EndTag(close + 2, sign, trimLine: true);
    }

    bool IsRaw(out int body)
    {
        int cursor = SkipBlank(at);
        body = cursor + 3;
        if (!source.AsSpan(cursor).StartsWith("raw"))
            return false;
        cursor = SkipBlank(body);
        bool strips = source.AsSpan(cursor).StartsWith("-%}");
        if (!strips && !source.AsSpan(cursor).StartsWith("%}"))
            return false;
        body = strips ? SkipBlank(cursor + 3) : cursor + 2;
        return true;
    }

    void ReadRaw(int body)
    {
        MoveTo(body);
        for (int tag = body; (tag = source.IndexOf("{%", tag, StringComparison.Ordinal)) >= 0; tag += 2)
        {
            char sign = tag + 2 < source.Length && source[tag + 2] is '-' or '+' ? source[tag + 2] : ' ';
            int cursor = SkipBlank(tag + (sign == ' ' ? 2 : 3));
            if (!source.AsSpan(cursor).StartsWith("endraw"))
                continue;
            cursor = SkipBlank(cursor + 6);
            char end = cursor < source.Length && source[cursor] is '-' or '+' ? source[cursor++] : ' ';
            if (!source.AsSpan(cursor).StartsWith("%}"))
                continue;
            ReadData(tag, sign, isPrint: false);
            EndTag(cursor + 2, end, trimLine: true);
            return;
        }
        throw Error("Missing end of raw directive");
    }

    void ReadTag(bool isPrint)
    {
        Add(isPrint ? TokenKind.PrintBegin : TokenKind.BlockBegin, isPrint ? "{{" : "{%");
        brackets.Clear();
        while (at < source.Length)
        {
            if (brackets.Count == 0 && TryEndTag(isPrint))
                return;
            if (CodePoints.IsSpace(source[at]))
                MoveTo(at + 1);
            else
                ReadToken();
        }
    }

    bool TryEndTag(bool isPrint)
    {
        char sign = source[at] == '-' || (source[at] == '+' && !isPrint) ? source[at] : ' ';
        int close = sign == ' ' ? at : at + 1;
        if (!source.AsSpan(close).StartsWith(isPrint ? "}}" : "%}"))
            return false;
        Add(isPrint ? TokenKind.PrintEnd : TokenKind.BlockEnd, isPrint ? "end of print statement" : "end of statement block");
        EndTag(close + 2, sign, trimLine: !isPrint);
        return true;
    }

    void EndTag(int end, char sign, bool trimLine)
    {
        if (sign == '-')
            end = SkipBlank(end);
        else if (sign != '+' && trimLine && end < source.Length && source[end] == '\n')
            end++;
        atLineStart = source[end - 1] == '\n';
        MoveTo(end);
    }

    void ReadToken()
    {
        char first = source[at];
        if (first is '\'' or '"')
            ReadString(first);
        else if (char.IsAsciiDigit(first))
            ReadNumber();
        else if (char.IsLetter(first) || first == '_')
            AddUpTo(TokenKind.Name, Run(at, character => char.IsLetterOrDigit(character) || character == '_'));
        else if (Array.Find(operators, candidate => source.AsSpan(at).StartsWith(candidate)) is { } found)
        {
            Balance(found[0]);
            AddUpTo(TokenKind.Operator, at + found.Length);
        }
        else
            throw Error($"unexpected char '{first}'");
    }

    void Balance(char bracket)
    {
        if (bracket is '(' or '[' or '{')
            brackets.Push(bracket == '(' ? ')' : bracket == '[' ? ']' : '}');
        else if (bracket is ')' or ']' or '}' && (!brackets.TryPop(out char expected) || expected != bracket))
            throw Error($"unexpected '{bracket}'" + (expected == '\0' ? "" : $", expected '{expected}'"));
    }

    void ReadString(char quote)
    {
        int close = at + 1;
        while (close < source.Length && source[close] != quote)
            close += source[close] == '\\' ? 2 : 1;
        if (close >= source.Length)
            throw Error($"unexpected char '{quote}': the string does not end");
        if (!StringLiteral.TryUnescape(source.AsSpan(at + 1, close - at - 1), escapedSlash: false, out string meant))
            throw Error("an escape in a string is unknown, not supported (\\N) or lacks digits");
        Add(TokenKind.String, meant);
        MoveTo(close + 1);
    }

    void ReadNumber()
    {
        bool afterDot = at > 0 && source[at - 1] == '.';
        if (source[at] == '0' && at + 1 < source.Length && source[at + 1] is 'x' or 'X' or 'o' or 'O' or 'b' or 'B')
        {
            AddUpTo(TokenKind.Integer, Run(at + 2, character => char.IsAsciiHexDigit(character) || character == '_'));
            return;
        }
        int end = Digits(at), whole = end;
        if (!afterDot && end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
            end = Digits(end + 1);
        if (!afterDot && end < source.Length && source[end] is 'e' or 'E')
        {
            int exponent = end + 1 < source.Length && source[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
                end = Digits(exponent);
        }
        AddUpTo(end == whole ? TokenKind.Integer : TokenKind.Float, end);
    }

    int Digits(int from) => Run(from, character => char.IsAsciiDigit(character) || character == '_');

    int Run(int from, Predicate<char> belongs)
    {
        while (from < source.Length && belongs(source[from]))
            from++;
        return from;
    }

    int SkipBlank(int from) => Run(from, CodePoints.IsSpace);

    static bool IsBlank(ReadOnlySpan<char> text)
    {
        foreach (char character in text)
            if (!CodePoints.IsSpace(character))
                return false;
        return true;
    }

    void AddUpTo(TokenKind kind, int end)
    {
        Add(kind, source[at..end]);
        at = end;
    }

    void Add(TokenKind kind, string text) => tokens.Add(new Token(kind, text, line));

    void MoveTo(int end)
    {
        line += source.AsSpan(at, end - at).Count('\n');
        at = end;
    }

    TemplateException Error(string problem) => new(problem, line);
}
