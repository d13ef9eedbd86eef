using System.Globalization;
using System.Text;

namespace Llama4.Tests.Tokenization;

/// <summary>
/// The split pattern written down as it stands and matched by plain backtracking over code points: slow and obvious.
/// A pattern maps a start to the ends it can match to, in the order in which a backtracking engine would try them.
/// </summary>
sealed class SplitPattern
{
    delegate IEnumerable<int> Pattern(int start);

    public const string Text =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The 25 code points of White_Space (Unicode, PropList.txt).</summary>
    static readonly HashSet<int> whiteSpace =
    [
        9, 10, 11, 12, 13, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
        0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
    ];

    readonly int[] text;

    SplitPattern(int[] text) => this.text = text;

    public static List<string> Split(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        var pattern = new SplitPattern([.. runes.Select(rune => rune.Value)]).Whole();
        var pieces = new List<string>();
        for (int start = 0; start < runes.Length;)
        {
            int end = pattern(start).First();
            pieces.Add(string.Concat(runes[start..end]));
            start = end;
        }
        return pieces;
    }

    Pattern Whole()
    {
        Pattern prefix = Repeat(One(c => c is not ('\r' or '\n') && !Is(c, "L") && !Is(c, "N")), 0, 1);
        Pattern upper = One(c => Is(c, "Lu") || Is(c, "Lt") || Is(c, "Lm") || Is(c, "Lo") || Is(c, "M"));
        Pattern lower = One(c => Is(c, "Ll") || Is(c, "Lm") || Is(c, "Lo") || Is(c, "M"));
        Pattern suffix = Repeat(Any(Word("'s"), Word("'t"), Word("'re"), Word("'ve"), Word("'m"), Word("'ll"), Word("'d")), 0, 1);
        Pattern lineBreak = One(c => c is '\r' or '\n'), space = One(whiteSpace.Contains);
        return Any(
            Sequence(prefix, Repeat(upper, 0), Repeat(lower, 1), suffix),
            Sequence(prefix, Repeat(upper, 1), Repeat(lower, 0), suffix),
            Repeat(One(c => Is(c, "N")), 1, 3),
            Sequence(Repeat(One(c => c == ' '), 0, 1), Repeat(One(c => !whiteSpace.Contains(c) && !Is(c, "L") && !Is(c, "N")), 1),
                Repeat(One(c => c is '\r' or '\n' or '/'), 0)),
            Sequence(Repeat(space, 0), Repeat(lineBreak, 1)),
            Sequence(Repeat(space, 1), NotBeforeNonSpace),
            Repeat(space, 1));
    }

    Pattern One(Func<int, bool> accepts) => start => start < text.Length && accepts(text[start]) ? [start + 1] : [];

    /// <summary>Without case: simple case folding makes U+017F an s; the other letters of the words have no such partners.</summary>
    Pattern Word(string word) =>
        Sequence([.. word.Select(letter => One(c => c == letter || c == char.ToUpperInvariant(letter) || (letter == 's' && c == 0x17F)))]);

    IEnumerable<int> NotBeforeNonSpace(int start) => start == text.Length || whiteSpace.Contains(text[start]) ? [start] : [];

    static Pattern Any(params Pattern[] patterns) => start => patterns.SelectMany(pattern => pattern(start));

    static Pattern Sequence(params Pattern[] patterns) =>
        patterns.Aggregate((first, second) => start => first(start).SelectMany(middle => second(middle)));

    static Pattern Repeat(Pattern pattern, int least, int most = int.MaxValue)
    {
        return start => Ends(start, 0);

        IEnumerable<int> Ends(int start, int count)
        {
            if (count < most)
                foreach (int middle in pattern(start))
                    foreach (int end in Ends(middle, count + 1))
                        yield return end;
            if (count >= least) yield return start;
        }
    }

    static bool Is(int codePoint, string category)
    {
        string code = CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            UnicodeCategory.UppercaseLetter => "Lu",
            UnicodeCategory.LowercaseLetter => "Ll",
            UnicodeCategory.TitlecaseLetter => "Lt",
            UnicodeCategory.ModifierLetter => "Lm",
            UnicodeCategory.OtherLetter => "Lo",
            UnicodeCategory.NonSpacingMark => "Mn",
            UnicodeCategory.SpacingCombiningMark => "Mc",
            UnicodeCategory.EnclosingMark => "Me",
            UnicodeCategory.DecimalDigitNumber => "Nd",
            UnicodeCategory.LetterNumber => "Nl",
            UnicodeCategory.OtherNumber => "No",
            _ => "",
        };
        return code.StartsWith(category, StringComparison.Ordinal);
    }
}
