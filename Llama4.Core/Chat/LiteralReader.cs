using System.Globalization;
using System.Text.Json.Nodes;
using Llama4.Core.Chat.Jinja;

namespace Llama4.Core.Chat;

/// <summary>Reads the literals of Python and of JSON, which a model mixes freely, out of a text. Every character is read once.</summary>
sealed class LiteralReader(string text)
{
    const int mostNesting = 64, longestNumber = 400;

    public int Position { get; set; }

    public bool AtEnd => Position >= text.Length;

    /// <summary>The character to read, or NUL at the end.</summary>
    public char Current => AtEnd ? '\0' : text[Position];

    public static bool BeginsName(char character) => char.IsLetter(character) || character == '_';

    public bool Skip(char character)
    {
        if (AtEnd || text[Position] != character)
            return false;
        Position++;
        return true;
    }

    public void SkipSpace()
    {
        while (!AtEnd && char.IsWhiteSpace(text[Position]))
            Position++;
    }

    /// <summary>A name, which may hold the characters <paramref name="also"/> after its first; empty where none begins.</summary>
    public string ReadName(string also = "")
    {
        int start = Position;
        if (BeginsName(Current))
            while (!AtEnd && (char.IsLetterOrDigit(text[Position]) || text[Position] == '_' || also.Contains(text[Position])))
                Position++;
        return text[start..Position];
    }

    /// <summary>A string, number, boolean, nothing, list or dict with string keys. False leaves the position where it went wrong.</summary>
    public bool TryRead(out JsonNode? value, int depth = 0)
    {
        value = null;
        if (depth > mostNesting)
            return false;
        switch (Current)
        {
            case '"' or '\'':
                bool isString = TryReadString(out string read);
                value = JsonValue.Create(read);
                return isString;
            case '[':
                return TryReadList(out value, depth);
            case '{':
                return TryReadDict(out value, depth);
            case '+' or '-' or '.' or >= '0' and <= '9':
                return TryReadNumber(out value);
        }
        string word = ReadName();
        if (word is "True" or "true" or "False" or "false")
            value = JsonValue.Create(word is "True" or "true");
        return value is not null || word is "None" or "null";
    }

    /// <summary>key=value, … up to the closing parenthesis, after the opening one.</summary>
    public bool TryReadArguments(out JsonObject arguments)
    {
        arguments = [];
        SkipSpace();
        while (!Skip(')'))
        {
            string key = ReadName();
            SkipSpace();
            if (key.Length == 0 || arguments.ContainsKey(key) || !Skip('='))
                return false;
            SkipSpace();
            if (!TryRead(out JsonNode? value))
                return false;
            arguments[key] = value;
            if (!SkipComma(')'))
                return false;
        }
        return true;
    }

    /// <summary>
    /// From an opening bracket to behind its closing one, strings aside; false, at the end of the text, where there is none.
    /// </summary>
    public bool SkipBalanced()
    {
        int open = 0;
        while (!AtEnd)
        {
            char character = text[Position];
            if (character is '"' or '\'')
            {
                if (FindStringEnd(out _) < 0)
                    break;
                continue;
            }
            Position++;
            open += character is '(' or '[' or '{' ? 1 : character is ')' or ']' or '}' ? -1 : 0;
            if (open == 0)
                return true;
        }
        Position = text.Length;
        return false;
    }

    bool TryReadList(out JsonNode? value, int depth)
    {
        JsonArray list = [];
        value = list;
        Skip('[');
        SkipSpace();
        while (!Skip(']'))
        {
            if (!TryRead(out JsonNode? item, depth + 1))
                return false;
            list.Add(item);
            if (!SkipComma(']'))
                return false;
        }
        return true;
    }

    bool TryReadDict(out JsonNode? value, int depth)
    {
        JsonObject dict = [];
        value = dict;
        Skip('{');
        SkipSpace();
        while (!Skip('}'))
        {
            if (Current is not ('"' or '\'') || !TryReadString(out string key))
                return false;
            SkipSpace();
            if (!Skip(':'))
                return false;
            SkipSpace();
            if (!TryRead(out JsonNode? item, depth + 1))
                return false;
            dict[key] = item;
            if (!SkipComma('}'))
                return false;
        }
        return true;
    }

    /// <summary>A comma, or the closing bracket ahead.</summary>
    bool SkipComma(char close)
    {
        SkipSpace();
        bool comma = Skip(',');
        SkipSpace();
        return comma || Current == close;
    }

    bool TryReadString(out string value)
    {
        value = "";
        int start = Position, end = FindStringEnd(out int quotes);
        return end >= 0 && StringLiteral.TryUnescape(text.AsSpan(start + quotes, end - start - quotes), escapedSlash: true, out value);
    }

    /// <summary>Moves behind a string and gives where its closing quotes begin; -1, at the end of the text, where there are none.</summary>
    int FindStringEnd(out int quotes)
    {
        char quote = text[Position];
        string triple = new(quote, 3);
        quotes = text.AsSpan(Position).StartsWith(triple) ? 3 : 1;
        for (int at = Position + quotes; at < text.Length; at += text[at] == '\\' ? 2 : 1)
        {
            if (text[at] != quote || (quotes == 3 && !text.AsSpan(at).StartsWith(triple)))
                continue;
            Position = at + quotes;
            return at;
        }
        Position = text.Length;
        return -1;
    }

    bool TryReadNumber(out JsonNode? value)
    {
        value = null;
        int start = Position;
        while (!AtEnd && (char.IsAsciiLetterOrDigit(text[Position]) || text[Position] is '.' or '+' or '-'))
            Position++;
        string written = text[start..Position];
        if (written.Length > longestNumber || !double.TryParse(written, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            || !double.IsFinite(number))
            return false;
        string digits = written.TrimStart('+', '-');
        if (digits.Length > 1 && digits[0] == '0' && char.IsAsciiDigit(digits[1]))
            return false;
        // JSON wants a digit on both sides of the point; the rest of the number stays as the model wrote it.
        int point = digits.IndexOf('.');
        if (point >= 0 && (point + 1 == digits.Length || !char.IsAsciiDigit(digits[point + 1])))
            digits = digits.Insert(point + 1, "0");
        value = JsonNode.Parse((written[0] == '-' ? "-" : "") + (point == 0 ? "0" : "") + digits);
        return true;
    }
}
