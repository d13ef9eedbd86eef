using System.Globalization;
using System.Text;

namespace Llama4.Core.Tokenization;

/// <summary>
/// Cuts text into the pieces that byte-pair merging works on: the split pattern of Llama 4's tokenizer (specification 4.2) by hand, over
/// code points. .NET's Regex sees UTF-16 units, so letters and digits beyond the basic plane would fall into the wrong alternative, and a
/// pattern with lookahead has no engine there that is linear in time. Every code point is looked at a bounded number of times.
/// A lone surrogate counts as U+FFFD, a symbol, as which it is encoded.
/// </summary>
internal ref struct PieceScanner(ReadOnlySpan<char> text)
{
    // Classes of code points. Cased letters are in one of the first two, all other letters and marks in both, as in the pattern's sets.
    const byte Upper = 1;    // \p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}
    const byte Lower = 2;    // \p{Ll}\p{Lm}\p{Lo}\p{M}
    const byte Letter = 4;   // \p{L}
    const byte Number = 8;   // \p{N}
    const byte Space = 16;   // \s: White_Space
    const byte Newline = 32; // \r\n
    const byte Both = Upper | Lower;

    static readonly byte[] asciiClasses = [.. Enumerable.Range(0, 128).Select(Classify)];

    readonly ReadOnlySpan<char> text = text;

    /// <summary>First character of the current piece.</summary>
    public int Start { get; private set; }

    /// <summary>First character after the current piece.</summary>
    public int End { get; private set; }

    /// <summary>Moves to the next piece; false at the end of the text.</summary>
    public bool Next()
    {
        Start = End;
        if (Start == text.Length) return false;
        byte first = ClassAt(Start, out int length);
        int second = Start + length;

        // A word may take one leading character that is no letter, number or line break. A mark may be that character too, but the
        // pattern's first alternative then tries the word from the mark itself before the second one tries it as a prefix.
        int wordStart = (first & (Both | Number | Newline)) == 0 ? second : Start;
        if (WordEnd(wordStart) is > 0 and int word) End = Contraction(word);
        else if ((first & Number) != 0) End = NumberEnd(second);
        else if (SymbolsEnd(text[Start] == ' ' ? second : Start) is > 0 and int symbols) End = symbols;
        else End = SpaceEnd();
        return true;
    }

    /// <summary>
    /// End of [Upper]*[Lower]+ at <paramref name="start"/>, or else of [Upper]+[Lower]*, or 0. When no lower letter follows the run of
    /// [Upper], a backtracking matcher gives back to the last character that is in both sets, and [Lower]+ then matches that one alone.
    /// </summary>
    readonly int WordEnd(int start)
    {
        int position = start, endOfLastInBoth = 0;
        while (position < text.Length)
        {
            byte kind = ClassAt(position, out int length);
            if ((kind & Upper) == 0) break;
            position += length;
            if ((kind & Lower) != 0) endOfLastInBoth = position;
        }
        int endOfUpper = position;
        while (position < text.Length && (ClassAt(position, out int length) & Lower) != 0) position += length;
        if (position > endOfUpper) return position;
        return endOfLastInBoth > 0 ? endOfLastInBoth : endOfUpper > start ? endOfUpper : 0;
    }

    /// <summary>(?i:'s|'t|'re|'ve|'m|'ll|'d)? — without case, as Unicode folds it: the long s (U+017F) is an s.</summary>
    readonly int Contraction(int position)
    {
        if (position + 1 >= text.Length || text[position] != '\'') return position;
        char next = text[position + 1] < 128 ? char.ToLowerInvariant(text[position + 1]) : text[position + 1];
        if (next is 's' or 't' or 'm' or 'd' or '\u017F') return position + 2;
        if (position + 2 >= text.Length || text[position + 2] >= 128) return position;
        char last = char.ToLowerInvariant(text[position + 2]);
        return (next, last) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? position + 3 : position;
    }

    /// <summary>\p{N}{1,3}, the first being known.</summary>
    readonly int NumberEnd(int position)
    {
        for (int count = 1; count < 3 && position < text.Length && (ClassAt(position, out int length) & Number) != 0; count++)
            position += length;
        return position;
    }

    /// <summary>[^\s\p{L}\p{N}]+[\r\n/]* at <paramref name="start"/>, or 0.</summary>
    readonly int SymbolsEnd(int start)
    {
        int position = start;
        while (position < text.Length && (ClassAt(position, out int length) & (Space | Letter | Number)) == 0) position += length;
        if (position == start) return 0;
        while (position < text.Length && text[position] is '\r' or '\n' or '/') position++;
        return position;
    }

    /// <summary>
    /// \s*[\r\n]+, else \s+(?!\S), else \s+: up to the last line break of the run; without one the whole run at the end of the text, else all
    /// but its last character (which may open the next piece), unless it is the only one. White space lies in the basic plane.
    /// </summary>
    readonly int SpaceEnd()
    {
        int position = Start, endOfLastNewline = 0;
        while (position < text.Length && (ClassAt(position, out _) & Space) != 0)
            if (text[position++] is '\r' or '\n') endOfLastNewline = position;
        if (endOfLastNewline > 0) return endOfLastNewline;
        return position == text.Length || position == Start + 1 ? position : position - 1;
    }

    readonly byte ClassAt(int position, out int length)
    {
        char unit = text[position];
        length = 1;
        if (unit < 128) return asciiClasses[unit];
        if (!char.IsSurrogate(unit)) return Classify(unit);
        Rune.DecodeFromUtf16(text[position..], out Rune rune, out length);
        return Classify(rune.Value);
    }

    static byte Classify(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Upper | Letter,
        UnicodeCategory.LowercaseLetter => Lower | Letter,
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Both | Letter,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => Both,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
        _ when codePoint is '\r' or '\n' => Space | Newline,
        _ when codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint) => Space,
        _ => 0,
    };
}
