using System.Text;

namespace Llama4.Tests.Tokenization;

/// <summary>Random strings that hit every alternative of the split pattern: runs of one kind, mixed kinds, rare planes.</summary>
sealed class RandomText(int seed)
{
    static readonly string[] alphabets =
    [
        "abcxyz", "ABCXYZ", "aB", "'sStTrReEvVmMlLdD\u017F", "0123456789", " ", " \t", "\r\n", " \n", "/\n", "!?.,;-_(){}<|>", "'",
        "\u01C5\u01F2", "\u02B0\u02B1", "漢字仮名", "\u0301\u0308\u0903\u20DD", "äöüßÄÖÜ", "ЖжИи", "\u00A0\u2003\u3000\u0085\u200B\u180E\u2028",
        "²½Ⅷ٣", "€☺\uFFFD\uFFFE", "\u0000\u007F\u001C\u001F",
    ];

    static readonly string[] alphabetsOfOtherPlanes =
    [
        "\U0001D400\U0001D41A\U00010400\U00010428", "\U00020000\U0002A6D6", "\U0001D7D8\U00010107\U0001F100", "\U000E0100\U0001D165",
        "\U0001F600\U0001F468\u200D\U0001F469\U0001F3FD", "\U000F0000\U0010FFFD",
    ];

    readonly Random random = new(seed);

    public int Next(int end) => random.Next(end);

    /// <summary>Up to twelve runs of up to six characters.</summary>
    public string Text(bool otherPlanes)
    {
        var text = new StringBuilder();
        string[] kinds = otherPlanes ? [.. alphabets, .. alphabetsOfOtherPlanes] : alphabets;
        for (int runs = random.Next(12); runs >= 0; runs--)
        {
            Rune[] alphabet = [.. kinds[random.Next(kinds.Length)].EnumerateRunes()];
            for (int length = random.Next(1, 7); length > 0; length--)
                text.Append(random.Next(20) == 0 ? AnyRune(otherPlanes) : alphabet[random.Next(alphabet.Length)]);
        }
        return text.ToString();
    }

    Rune AnyRune(bool otherPlanes)
    {
        while (true)
            if (Rune.TryCreate(random.Next(otherPlanes ? 0x110000 : 0x10000), out Rune rune)) return rune;
    }
}
