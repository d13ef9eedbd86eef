using System.Globalization;
using System.Text;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Characters as Python sees them.</summary>
static class CodePoints
{
    public static int LengthAt(string chars, int at) =>
        char.IsHighSurrogate(chars[at]) && at + 1 < chars.Length && char.IsLowSurrogate(chars[at + 1]) ? 2 : 1;

    public static int At(string chars, int at) => LengthAt(chars, at) == 2 ? char.ConvertToUtf32(chars[at], chars[at + 1]) : chars[at];

    public static HashSet<int> Of(string chars)
    {
        HashSet<int> all = [];
        for (int at = 0; at < chars.Length; at += LengthAt(chars, at))
            all.Add(At(chars, at));
        return all;
    }

    /// <summary>White space as str.isspace has it: four control characters more than Unicode's property.</summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';

    public static bool IsLineEnd(char character) =>
        character is '\n' or '\r' or '\v' or '\f' or >= '\x1c' and <= '\x1e' or '\x85' or '\u2028' or '\u2029';

    /// <summary>Whether repr shows the character itself rather than an escape.</summary>
    public static bool IsPrintable(int codePoint) => codePoint == ' ' || CharUnicodeInfo.GetUnicodeCategory(codePoint) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    /// <summary>Upper or lower case by Unicode's simple mapping: one character for one.</summary>
    public static string Cased(string chars, int at, bool upper)
    {
        if (!Rune.TryGetRuneAt(chars, at, out Rune rune))
            return chars[at].ToString();
        return (upper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune)).ToString();
    }

    public static bool IsCased(string chars, int at, bool upper) =>
        Rune.TryGetRuneAt(chars, at, out Rune rune) && (upper ? Rune.IsUpper(rune) : Rune.IsLower(rune));

    public static int Compare(string a, string b)
    {
        int same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
            return a.Length - b.Length;
        // Surrogates stand for code points above all others, yet their units are not the largest.
        bool pairA = char.IsSurrogate(a[same]), pairB = char.IsSurrogate(b[same]);
        return pairA == pairB ? a[same] - b[same] : pairA ? 1 : -1;
    }
}
