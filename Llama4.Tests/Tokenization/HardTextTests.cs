using System.Diagnostics;
using System.Text;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

/// <summary>Acceptance row K13: texts that cost others quadratic time. A quadratic merge of the first one takes minutes.</summary>
public class HardTextTests
{
    public static TheoryData<string> Names => [.. texts.Keys];

    static readonly Dictionary<string, Func<string>> texts = new()
    {
        ["a million a"] = () => new string('a', 1_000_000),
        ["a million random letters"] = () => RandomLetters(1_000_000),
        ["a million spaces"] = () => new string(' ', 1_000_000),
        ["a million spaces and a letter"] = () => new string(' ', 1_000_000) + "x",
        ["a million lines"] = () => string.Concat(Enumerable.Repeat(" \n", 500_000)) + " x",
        ["a million combining marks"] = () => new string('\u0301', 1_000_000),
        ["a mark before a million capitals"] = () => "\u0301" + new string('A', 1_000_000),
        ["a million capitals with a modifier letter in between"] = () => new string('A', 500_000) + "\u02B0" + new string('A', 500_000),
        ["marks and capitals in turn"] = () => string.Concat(Enumerable.Repeat("\u0301A", 250_000)),
        ["a million digits"] = () => new string('7', 1_000_000),
        ["a million apostrophes"] = () => new string('\'', 1_000_000),
        ["pieces that grow"] = () => string.Concat(Enumerable.Range(1, 1200).Select(length => new string('q', length) + " ")),
        ["all bytes as characters"] = () => string.Concat(Enumerable.Range(0, 256).Select(value => (char)value)),
        ["every UTF-16 unit that is no surrogate"] = () => string.Concat(Enumerable.Range(0, 0x10000).Select(value => (char)value).Where(c => !char.IsSurrogate(c))),
        ["64 KB of joined emoji"] = () => string.Concat(Enumerable.Repeat("\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466\u200D", 64 * 1024 / 28)),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Takes_time_in_proportion_and_round_trips(string name)
    {
        string text = texts[name]();
        var watch = Stopwatch.StartNew();
        int[] ids = Vocabularies.Demo.Encode(text);
        Assert.Equal(text, Vocabularies.Demo.Decode(ids));
        Assert.True(watch.Elapsed.TotalSeconds < 30, $"{watch.Elapsed.TotalSeconds:0} s for {text.Length} characters");
    }

    [Fact]
    public void A_million_lone_surrogates_become_replacement_characters()
    {
        Assert.Equal(new string('\uFFFD', 1_000_000), Vocabularies.Demo.Decode(Vocabularies.Demo.Encode(new string('\ud800', 1_000_000))));
        Assert.Equal(new string('\uFFFD', 1_000_000), Vocabularies.Demo.Decode(Vocabularies.Demo.Encode(new string('\udc00', 1_000_000))));
    }

    [Fact]
    public void A_prompt_full_of_almost_control_tokens_is_searched_in_proportion()
    {
        string text = string.Concat(Enumerable.Repeat("<|reserved_special_token_", 40_000));
        var watch = Stopwatch.StartNew();
        Assert.Equal(Vocabularies.Demo.Encode(text), Vocabularies.Demo.EncodeTrusted([new(text, true)]));
        Assert.True(watch.Elapsed.TotalSeconds < 30, $"{watch.Elapsed.TotalSeconds:0} s");
    }

    static string RandomLetters(int count)
    {
        var random = new Random(5);
        return string.Create(count, random, (span, source) =>
        {
            foreach (ref char letter in span) letter = (char)('a' + source.Next(26));
        });
    }
}
