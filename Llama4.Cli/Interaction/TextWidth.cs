using System.Globalization;
using System.Text;

namespace Llama4.Cli.Interaction;

/// <summary>Columns that text takes on a terminal.</summary>
internal static class TextWidth
{
    // First and last code points of the wide blocks: East Asian Width W and F (Unicode Standard Annex 11), by block, and emoji.
    static readonly (int First, int Last)[] wide =
    [
        (0x1100, 0x115F), (0x2E80, 0x303E), (0x3041, 0xA4CF), (0xA960, 0xA97F), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F),
        (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF), (0x1F900, 0x1F9FF), (0x20000, 0x3FFFD),
    ];

    /// <summary>Columns of one text element (what a user sees as one character), which its first code point decides.</summary>
    public static int OfElement(ReadOnlySpan<char> element)
    {
        Rune.DecodeFromUtf16(element, out Rune first, out _);
        UnicodeCategory category = Rune.GetUnicodeCategory(first);
        if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format) return 0;
        foreach ((int low, int high) in wide)
            if (first.Value >= low && first.Value <= high) return 2;
        return 1;
    }

    public static int Of(ReadOnlySpan<char> text)
    {
        int width = 0;
        while (text.Length > 0)
        {
            int length = StringInfo.GetNextTextElementLength(text);
            width += OfElement(text[..length]);
            text = text[length..];
        }
        return width;
    }
}
