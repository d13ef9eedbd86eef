using System.Text;
using System.Text.RegularExpressions;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

public class PieceScannerTests
{
    static readonly Regex regex = new(SplitPattern.Text, RegexOptions.CultureInvariant);

    static List<string> Split(string text)
    {
        var pieces = new List<string>();
        var scanner = new PieceScanner(text);
        while (scanner.Next()) pieces.Add(text[scanner.Start..scanner.End]);
        return pieces;
    }

    [Theory]
    [InlineData("Hello, world!", "Hello|,| world|!")]
    [InlineData("CamelCaseWord HTTPServer", "Camel|Case|Word| HTTPServer")]
    [InlineData("I'm don't DON'T WE'RE he'S x'\u017F y'\u017Fa", "I'm| don't| DON'T| WE'RE| he'S| x'\u017F| y'\u017F|a")]
    [InlineData("1234567", "123|456|7")]
    [InlineData("a\r\n\r\n  b", "a|\r\n\r\n| | b")]
    [InlineData("OK  ", "OK|  ")]
    [InlineData(" \t\n \n x", " \t\n \n| x")]
    [InlineData("x/y//z\n/\n", "x|/y|//|z|\n|/\n")]
    [InlineData("A\u02B0BC", "A\u02B0|BC")]                  // backtracking to a letter without case
    [InlineData("\u0301AB", "\u0301|AB")]                    // a mark alone, before the second alternative could take it along
    [InlineData("\u0301Ab", "\u0301Ab")]
    [InlineData("!\u0301AB", "!\u0301|AB")]
    [InlineData("\tword\u00A0word\u2003x", "\tword|\u00A0word|\u2003x")]
    [InlineData("\U0001D400\U0001D41A\U0001D7D8\U0001D7D9\U0001D7DA\U0001D7DB", "\U0001D400\U0001D41A|\U0001D7D8\U0001D7D9\U0001D7DA|\U0001D7DB")]
    [InlineData("\U00020000\U00020001 \U0001F600\U0001F44D", "\U00020000\U00020001| \U0001F600\U0001F44D")]
    public void Pieces_are_those_of_the_pattern(string text, string expected)
    {
        Assert.Equal(expected.Split('|'), Split(text));
        Assert.Equal(expected.Split('|'), SplitPattern.Split(text));
    }

    [Fact]
    public void Agrees_with_backtracking_over_code_points_on_random_text_of_all_planes()
    {
        var random = new RandomText(seed: 1);
        for (int i = 0; i < 20_000; i++)
        {
            string text = random.Text(otherPlanes: true);
            Assert.Equal(SplitPattern.Split(text), Split(text));
        }
    }

    [Fact]
    public void Agrees_with_the_Regex_class_on_random_text_of_the_basic_plane()
    {
        // The Regex class folds ASCII letters of (?i:) to ASCII only, so the long s is left out here.
        var random = new RandomText(seed: 2);
        for (int i = 0; i < 20_000; i++)
        {
            string text = random.Text(otherPlanes: false).Replace('\u017F', 's');
            Assert.Equal(regex.Matches(text).Select(match => match.Value), Split(text));
        }
    }

    [Fact]
    public void Every_code_point_alone_and_between_others_is_cut_as_by_the_pattern()
    {
        for (int codePoint = 0; codePoint < 0x110000; codePoint += codePoint < 0x3000 ? 1 : 61)
        {
            if (!Rune.TryCreate(codePoint, out Rune rune)) continue;
            string text = $"{rune}a{rune}A {rune}{rune} 1{rune}!";
            Assert.Equal(SplitPattern.Split(text), Split(text));
        }
    }

    [Fact]
    public void White_space_is_the_25_code_points_of_the_specification()
    {
        // A run of symbols goes on over everything but letters, numbers and white space.
        IEnumerable<int> found = Enumerable.Range(0, 0x110000).Where(Rune.IsValid)
            .Where(c => Split($"!!{new Rune(c)}!").Count > 1 && !Rune.IsLetter(new Rune(c)) && !Rune.IsNumber(new Rune(c)));
        Assert.Equal([9, 10, 11, 12, 13, 0x20, 0x85, 0xA0, 0x1680, .. Enumerable.Range(0x2000, 11), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000], found);
    }

    [Theory]
    [InlineData("\ud800")]
    [InlineData("\udc00")]
    [InlineData("a\ud800b")]
    [InlineData("\udc00\ud800 \ud800\ud800x")]
    public void A_lone_surrogate_counts_as_the_replacement_character(string text)
    {
        string replaced = text.Replace('\ud800', '\ufffd').Replace('\udc00', '\ufffd');
        Assert.Equal(Split(replaced).Select(piece => piece.Length), Split(text).Select(piece => piece.Length));
    }
}
