using System.Text;
using Llama4.Core.Generation;

namespace Llama4.Tests.Generation;

public sealed class StopMatcherTests
{
    [Theory]
    [InlineData("hello world", "o w", "hell")]
    [InlineData("hello world", "xyz", "hello world")]
    [InlineData("aaaaab", "aab", "aaa")]
    [InlineData("abababac", "ababac", "ab")]
    [InlineData("ends with sto", "stop", "ends with sto")]
    [InlineData("stop", "stop", "")]
    [InlineData("日本語のテキスト", "の", "日本語")]
    [InlineData("smile 😁😀 end", "😀", "smile 😁")]
    [InlineData("line\n\nline", "\n\n", "line")]
    public void Text_before_the_stop_string_comes_out_however_it_is_cut(string text, string stop, string expected)
    {
        for (int size = 1; size <= text.Length; size++)
        {
            var matcher = new StopMatcher([stop]);
            var shown = new StringBuilder();
            for (int at = 0; at < text.Length; at += size)
            {
                matcher.Append(text.AsSpan(at, Math.Min(size, text.Length - at)), shown);
                Assert.StartsWith(shown.ToString(), expected);
            }
            matcher.Flush(shown);
            Assert.Equal(expected, shown.ToString());
            Assert.Equal(text.Contains(stop), matcher.Found == stop);
        }
    }

    [Fact]
    public void The_first_stop_string_to_be_complete_ends_the_text_and_of_two_at_once_the_longer()
    {
        Assert.Equal(("a", "bc"), Run("abcde", "abcde", "bc"));
        Assert.Equal(("", "abc"), Run("abcde", "bc", "abc"));
        Assert.Equal(("ab", "c"), Run("abcde", "cd", "c"));
        Assert.Equal(("abcde", null), Run("abcde"));
    }

    [Fact]
    public void Agrees_with_a_search_of_the_whole_text()
    {
        var random = new Random(11);
        string Word(int length) => string.Create(length, random, (span, r) => { foreach (ref char c in span) c = (char)('a' + r.Next(2)); });
        for (int round = 0; round < 2000; round++)
        {
            string text = Word(random.Next(30));
            string[] stops = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Word(1 + random.Next(5)))];
            // End of each stop string's first occurrence; the smallest end wins, then the longest.
            var first = stops.Select(s => (End: text.IndexOf(s, StringComparison.Ordinal) + s.Length, Stop: s))
                .Where(f => f.End >= f.Stop.Length).OrderBy(f => f.End).ThenByDescending(f => f.Stop.Length).FirstOrDefault();
            Assert.Equal(first.Stop is null ? (text, null) : (text[..(first.End - first.Stop.Length)], first.Stop), Run(text, stops));
        }
    }

    [Fact]
    public void Nothing_is_held_back_that_cannot_become_a_stop_string()
    {
        var matcher = new StopMatcher(["\n\nUser:", "###"]);
        var shown = new StringBuilder();
        matcher.Append("Hello.\n", shown);
        Assert.Equal("Hello.", shown.ToString());
        matcher.Append("More##", shown);
        Assert.Equal("Hello.\nMore", shown.ToString());
        matcher.Append("x", shown);
        Assert.Equal("Hello.\nMore##x", shown.ToString());
    }

    static (string, string?) Run(string text, params string[] stops)
    {
        var matcher = new StopMatcher(stops);
        var shown = new StringBuilder();
        foreach (char c in text) matcher.Append([c], shown);
        matcher.Flush(shown);
        return (shown.ToString(), matcher.Found);
    }
}
