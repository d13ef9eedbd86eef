using System.Text;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

/// <summary>Acceptance row K15.</summary>
public class StreamDecoderTests
{
    static readonly Llama4Tokenizer demo = Vocabularies.Demo;

    [Fact]
    public void Incomplete_characters_are_held_back()
    {
        // Ids of the demo vocabulary below 256 are the bytes themselves.
        var decoder = new StreamDecoder(demo);
        Assert.Equal(["", "", "€", "a", "", "", "", "\U0001F600"],
            new[] { 0xE2, 0x82, 0xAC, 'a', 0xF0, 0x9F, 0x98, 0x80 }.Select(id => decoder.Append(id).ToString()));
        Assert.Equal("", decoder.Flush().ToString());
    }

    [Fact]
    public void Broken_bytes_become_replacement_characters_and_the_decoder_goes_on()
    {
        var decoder = new StreamDecoder(demo);
        Assert.Equal(["", "", "\uFFFDa", "\uFFFD"], new[] { 0xE2, 0x82, 'a', 0xFF }.Select(id => decoder.Append(id).ToString()));
        Assert.Equal("", decoder.Append(0xF0).ToString());
        Assert.Equal("\uFFFD", decoder.Flush().ToString());
        Assert.Equal("b", decoder.Append('b').ToString());
    }

    [Fact]
    public void Any_stream_of_tokens_gives_piece_by_piece_what_it_gives_at_once()
    {
        var random = new Random(6);
        for (int i = 0; i < 5_000; i++)
        {
            // Bytes of all kinds, half of them continuation bytes and leads, and some tokens and control tokens.
            int[] ids = [.. Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(4) == 0 ? random.Next(demo.VocabularySize) : random.Next(128, 256))];
            foreach (bool showControl in new[] { false, true })
            {
                byte[] bytes = [.. ids.SelectMany(id => demo.GetBytes(id, showControl).ToArray())];
                Assert.Equal(Encoding.UTF8.GetString(bytes), Stream(ids, showControl, out _));
                Assert.Equal(Encoding.UTF8.GetString(bytes), demo.Decode(ids, showControl));
            }
        }
    }

    [Fact]
    public void Valid_text_comes_in_whole_characters_however_its_bytes_are_cut()
    {
        var random = new RandomText(seed: 7);
        for (int i = 0; i < 2_000; i++)
        {
            string text = random.Text(otherPlanes: true).Replace('\uFFFD', '?');
            int[] single = [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];
            foreach (int[] ids in new[] { single, demo.Encode(text) })
            {
                Assert.Equal(text, Stream(ids, showControl: false, out List<string> parts));
                Assert.All(parts, part => Assert.DoesNotContain('\uFFFD', part));
                Assert.All(parts, part => Assert.False(part.Length > 0 && (char.IsHighSurrogate(part[^1]) || char.IsLowSurrogate(part[0]))));
                Assert.Equal("", parts[^1]);
            }
        }
    }

    static string Stream(int[] ids, bool showControl, out List<string> parts)
    {
        var decoder = new StreamDecoder(demo, showControl);
        parts = [];
        foreach (int id in ids) parts.Add(decoder.Append(id).ToString());
        parts.Add(decoder.Flush().ToString());
        return string.Concat(parts);
    }
}
