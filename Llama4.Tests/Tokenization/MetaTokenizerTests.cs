using System.Text.Json;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

/// <summary>Meta's vocabulary, where it is present: the vectors of the specification and 6,000 texts more.</summary>
public class MetaTokenizerTests
{
    [Theory]
    [InlineData("Hello, world!", "19873 24 3817 13")]
    [InlineData("\n\n", "368")]
    [InlineData("user", "1556")]
    [InlineData("system", "15651")]
    [InlineData("assistant", "140680")]
    [InlineData("ipython", "607 6934")]
    [InlineData("I'm 12345 years old.\n\nOK  ", "23752 220 7235 2127 2711 5051 1574 6304 256")]
    [InlineData("Grüße aus Zürich", "13086 733 15746 4203 105123")]
    [InlineData("日本語のテキスト", "21764 16728 1169 169866")]
    [InlineData("CamelCaseWord HTTPServer", "160473 7508 16044 17615 7317")]
    [InlineData("don't DON'T", "127161 93885 59842")]
    [InlineData("a\r\n\r\n  b", "77 57966 220 297")]
    [InlineData("    x = 1", "277 831 319 220 29")]
    [InlineData("emoji 😀👍", "80484 51358 222 65906 235")]
    [InlineData("x/y//z\n/\n", "100 28889 405 102 198 4716")]
    [InlineData("1234567", "7235 19596 35")]
    [InlineData(" \t\n \n x", "124731 1102 831")]
    public void Specification_4_5(string text, string ids)
    {
        Llama4Tokenizer meta = Vocabularies.Meta;
        Assert.Equal(ids, string.Join(' ', meta.Encode(text)));
        Assert.Equal(text, meta.Decode(meta.Encode(text)));
    }

    [Fact]
    public void Chats_of_specification_4_5_and_5_4()
    {
        Llama4Tokenizer meta = Vocabularies.Meta;
        Assert.Equal("200000 200005 1556 200006 368 19873 200008 200005 140680 200006 368", string.Join(' ', meta.EncodeTrusted(
        [
            new("<|begin_of_text|><|header_start|>user<|header_end|>\n\n", true), new("Hello", false),
            new("<|eot|><|header_start|>assistant<|header_end|>\n\n", true),
        ])));
        Assert.Equal("200000 200005 15651 200006 368 4662 583 262 19933 43910 200008 200005 1556 200006 368 4984 2117 583 650 310 290 1075 323 "
            + "1997 153495 43 200008 200005 140680 200006 368", string.Join(' ', meta.EncodeTrusted(
        [
            new("<|begin_of_text|><|header_start|>system<|header_end|>\n\n", true), new("You are a helpful assistant", false),
            new("<|eot|><|header_start|>user<|header_end|>\n\n", true), new("Answer who are you in the form of jeopardy?", false),
            new("<|eot|><|header_start|>assistant<|header_end|>\n\n", true),
        ])));
    }

    [Fact]
    public void Every_reference_vector()
    {
        Llama4Tokenizer meta = Vocabularies.Meta;
        int lines = 0;
        foreach (string line in File.ReadLines(Vocabularies.MetaFile("vectors.jsonl")))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            string text = json.RootElement.GetProperty("text").GetString()!;
            int[] ids = meta.Encode(text);
            Assert.True(json.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).SequenceEqual(ids), line);
            Assert.Equal(text, meta.Decode(ids));
            lines++;
        }
        Assert.True(lines >= 6000, $"{lines} vectors");
    }

    [Fact]
    public void Ids_are_those_of_specification_4_3()
    {
        Llama4Tokenizer meta = Vocabularies.Meta;
        Assert.Equal(202_048, meta.VocabularySize);
        Assert.Equal((200_000, 200_001, 200_008, 200_007), (meta.Begin, meta.EndOfText, meta.EndOfTurn, meta.EndOfMessage));
        Assert.Equal((200_090, 200_092, 200_080, 200_081, 200_084, 200_085),
            (meta.Image, meta.Patch, meta.ImageStart, meta.ImageEnd, meta.TileXSeparator, meta.TileYSeparator));
        Assert.True(meta.TryGetControl("<|vision_reserved_special_token_1047|>", out int lastOfVision) && lastOfVision == 201_133);
        Assert.True(meta.TryGetControl("<|reserved_special_token_903|>", out int last) && last == 202_047);
    }
}
