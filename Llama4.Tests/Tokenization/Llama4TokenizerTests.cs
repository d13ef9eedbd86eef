using System.Text;
using System.Text.Json;
using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Tokenization;
using Microsoft.ML.Tokenizers;

namespace Llama4.Tests.Tokenization;

public class Llama4TokenizerTests
{
    static readonly Llama4Tokenizer demo = Vocabularies.Demo;

    [Fact]
    public void Answers_of_the_demo_model_have_the_reference_ids()
    {
        int lines = 0;
        foreach (string line in File.ReadLines(Vocabularies.DemoQuestions))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            string answer = json.RootElement.GetProperty("answer").GetString()!;
            int[] ids = [.. json.RootElement.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(ids, demo.Encode(answer));
            Assert.Equal(answer, demo.Decode(ids));
            lines++;
        }
        Assert.Equal(160, lines);
    }

    [Fact]
    public void Decoding_gives_back_any_valid_text()
    {
        var random = new RandomText(seed: 3);
        for (int i = 0; i < 10_000; i++)
        {
            string text = random.Text(otherPlanes: true);
            Assert.Equal(text, demo.Decode(demo.Encode(text)));
        }
    }

    /// <summary>The library is right but quadratic in the length of a piece; our pieces here are short.</summary>
    [Fact]
    public void Merging_agrees_with_Microsoft_ML_Tokenizers()
    {
        TokenizerData data = Vocabularies.DemoData();
        string ranks = string.Concat(data.Tokens.TakeWhile(token => !token.IsEmpty)
            .Select((token, id) => $"{Convert.ToBase64String(token.Span)} {id}\n"));
        var library = TiktokenTokenizer.Create(new MemoryStream(Encoding.ASCII.GetBytes(ranks)), new OurPieces(), normalizer: null);
        var random = new RandomText(seed: 4);
        for (int i = 0; i < 10_000; i++)
        {
            string text = random.Text(otherPlanes: true);
            Assert.Equal(library.EncodeToIds(text), demo.Encode(text));
        }
    }

    [Fact]
    public void Merging_takes_the_lowest_rank_first_and_the_leftmost_of_equal_ones()
    {
        List<ReadOnlyMemory<byte>> tokens = [.. Enumerable.Range(0, 256).Select(value => (ReadOnlyMemory<byte>)new[] { (byte)value })];
        tokens.AddRange(new[] { "aa", "bc", "ab", "abc", "aaaa", "xyz" }.Select(text => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(text)));
        var tokenizer = new Llama4Tokenizer(new TokenizerData { Tokens = tokens, ControlTokens = new Dictionary<string, int>() });
        Assert.Equal([256, 'a'], tokenizer.Encode("aaa"));
        Assert.Equal([260, 'a'], tokenizer.Encode("aaaaa"));
        Assert.Equal([261], tokenizer.Encode("xyz"));             // the whole piece is a token, though merging cannot reach it
        Assert.Equal(['x', 'y', 'z', 'x'], tokenizer.Encode("xyzx"));
        Assert.Equal(['x', 259], tokenizer.Encode("xabc"));       // bc first, then a + bc
        Assert.Equal([256, 257], tokenizer.Encode("aabc"));
        Assert.Equal([258, 'b'], tokenizer.Encode("abb"));
    }

    [Fact]
    public void Text_of_a_user_never_becomes_a_control_token()
    {
        foreach (string control in Vocabularies.DemoData().ControlTokens.Keys)
            foreach (string text in new[] { control, $"a{control}b", $" {control}\n", control + control, $"<|{control}", control[1..], control[..^1] })
            {
                int[] ids = demo.Encode(text);
                Assert.DoesNotContain(ids, demo.IsControl);
                Assert.Equal(text, demo.Decode(ids));
                foreach (int cut in new[] { 0, 1, control.Length / 2, text.Length })
                    Assert.Equal(ids, demo.EncodeTrusted([new(text[..cut], false), new(text[cut..], false)]));
            }
    }

    [Fact]
    public void Control_tokens_are_recognised_in_what_a_template_wrote_only()
    {
        int Control(string text) => demo.TryGetControl(text, out int id) ? id : throw new ArgumentException(text);
        int begin = demo.Begin, start = Control("<|header_start|>"), end = Control("<|header_end|>"), eot = demo.EndOfTurn;

        int[] ids = demo.EncodeTrusted(
        [
            new("<|begin_of_text|><|header_start|>", true), new("user", false), new("<|header_end|>\n\n", true),
            new("a <|eot|> b", false), new("<|eot|>", true),
        ]);
        Assert.Equal([begin, start, .. demo.Encode("user"), end, .. demo.Encode("\n\na <|eot|> b"), eot], ids);

        // Within a run of trusted spans, but never across its border.
        Assert.Equal([eot], demo.EncodeTrusted([new("<|e", true), new("ot|>", true)]));
        Assert.Equal(demo.Encode("<|eot|>"), demo.EncodeTrusted([new("<|e", true), new("ot|>", false)]));
        Assert.Equal(demo.Encode("<|eot|>"), demo.EncodeTrusted([new("<|e", false), new("ot|>", true)]));
        Assert.Equal(demo.Encode("<|eot|>"), demo.EncodeTrusted([new("<|e", true), new("o", false), new("t|>", true)]));

        // Stretches between control tokens are encoded jointly.
        Assert.Equal([eot, .. demo.Encode("\n\n\n\nHello there"), eot],
            demo.EncodeTrusted([new("<|eot|>\n\n", true), new("\n\nHel", false), new("lo", false), new(" there<|eot|>", true)]));
        Assert.Empty(demo.EncodeTrusted([]));
        Assert.Empty(demo.EncodeTrusted([new("", true), new("", false)]));
    }

    [Fact]
    public void The_leftmost_control_token_wins_and_of_those_the_longest()
    {
        var controls = new Dictionary<string, int> { ["<x>"] = 300, ["<x>y"] = 301, ["x>yz"] = 302, ["<"] = 303, ["é"] = 304, ["<x>yy!"] = 305 };
        var tokenizer = new Llama4Tokenizer(new TokenizerData
        {
            Tokens = [.. Enumerable.Range(0, 256).Select(value => (ReadOnlyMemory<byte>)new[] { (byte)value })],
            ControlTokens = controls,
        });
        int[] Encode(string text) => tokenizer.EncodeTrusted([new(text, true)]);
        Assert.Equal([301, 'z'], Encode("<x>yz"));
        Assert.Equal([300], Encode("<x>"));
        Assert.Equal(['a', 302, 303], Encode("ax>yz<"));
        Assert.Equal([303, 303, 'x'], Encode("<<x"));
        Assert.Equal(['a', 304, 301, 'y'], Encode("aé<x>yy"));
        Assert.Equal([305], Encode("<x>yy!"));
        Assert.Equal(306, tokenizer.VocabularySize);
    }

    [Fact]
    public void Ids_come_from_the_vocabulary()
    {
        Assert.Equal(2048, demo.VocabularySize);
        Assert.Equal((1984, 1985, 1992, 1991), (demo.Begin, demo.EndOfText, demo.EndOfTurn, demo.EndOfMessage));
        Assert.Equal((2001, 2002, 1997, 1998, 1999, 2000),
            (demo.Image, demo.Patch, demo.ImageStart, demo.ImageEnd, demo.TileXSeparator, demo.TileYSeparator));
        Assert.True(demo.IsControl(2047));
        Assert.False(demo.IsControl(1983) || demo.IsControl(-1) || demo.IsControl(2048));
        Assert.True(demo.TryGetControl("<|eot|>", out int eot) && eot == 1992);
        Assert.False(demo.TryGetControl("<|eo", out int none) || none != -1);

        TokenizerData data = Vocabularies.DemoData();
        var bare = new Llama4Tokenizer(data with
        {
            ControlTokens = new Dictionary<string, int>(),
            Tokens = [.. data.Tokens, .. new ReadOnlyMemory<byte>[952]],
            Begin = 7,
        });
        Assert.Equal((3000, 7, -1, -1), (bare.VocabularySize, bare.Begin, bare.EndOfTurn, bare.Image));
        Assert.Equal("", bare.Decode([1984, 2999], showControl: true));
    }

    [Fact]
    public void Control_tokens_are_shown_only_when_asked_for()
    {
        int[] ids = [demo.Begin, .. demo.Encode("Hi"), demo.EndOfTurn];
        Assert.Equal("Hi", demo.Decode(ids));
        Assert.Equal("<|begin_of_text|>Hi<|eot|>", demo.Decode(ids, showControl: true));
        Assert.True(demo.GetBytes(demo.EndOfTurn).IsEmpty);
        Assert.Equal("<|eot|>"u8, demo.GetBytes(demo.EndOfTurn, showControl: true));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2048)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void An_id_outside_the_vocabulary_is_refused_by_name(int id)
    {
        string message = Assert.Throws<InvalidRequestException>(() => demo.Decode([0, id])).Message;
        Assert.Contains(id.ToString(), message);
        Assert.Contains("2047", message);
        Assert.Throws<InvalidRequestException>(() => new StreamDecoder(demo).Append(id).ToString());
    }

    [Fact]
    public void A_lone_surrogate_is_encoded_as_the_replacement_character()
    {
        Assert.Equal(demo.Encode("a\uFFFDb\uFFFD"), demo.Encode("a\ud800b\udc00"));
        Assert.Equal("a\uFFFDb\uFFFD\U0001F600", demo.Decode(demo.Encode("a\ud800b\udc00\U0001F600")));
    }

    [Fact]
    public void A_text_beyond_the_limit_is_refused()
    {
        string text = new('a', Llama4Tokenizer.LongestText / 2 + 1);
        Assert.Contains("67108866", Assert.Throws<InvalidRequestException>(() => demo.EncodeTrusted([new(text, true), new(text, false)])).Message);
    }

    sealed class OurPieces : PreTokenizer
    {
        public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => PreTokenize(text.AsSpan());

        public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
        {
            var pieces = new List<(int, int)>();
            var scanner = new PieceScanner(text);
            while (scanner.Next()) pieces.Add((scanner.Start, scanner.End - scanner.Start));
            return pieces;
        }
    }
}
