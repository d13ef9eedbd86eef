using System.Text;
using Llama4.Core;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

/// <summary>A tokenizer from data that breaks a rule is refused by name; odd but harmless data works.</summary>
public class TokenizerDataTests
{
    static readonly TokenizerData bytesOnly = new()
    {
        Tokens = [.. Enumerable.Range(0, 256).Select(value => (ReadOnlyMemory<byte>)new[] { (byte)value })],
        ControlTokens = new Dictionary<string, int>(),
    };

    static void Refused(TokenizerData data, params string[] words)
    {
        string message = Assert.Throws<ModelFormatException>(() => new Llama4Tokenizer(data)).Message;
        Assert.All(words, word => Assert.Contains(word, message));
    }

    [Fact]
    public void A_byte_without_a_token_is_refused()
    {
        ReadOnlyMemory<byte>[] tokens = [.. bytesOnly.Tokens];
        tokens[0x41] = default;
        Refused(bytesOnly with { Tokens = tokens }, "0x41");
        Refused(bytesOnly with { Tokens = [] }, "0x00");
        Refused(bytesOnly with { ControlTokens = new Dictionary<string, int> { ["<x>"] = 0x41 } }, "0x41");
    }

    [Fact]
    public void Control_tokens_out_of_their_limits_are_refused()
    {
        Refused(bytesOnly with { ControlTokens = new Dictionary<string, int> { ["<x>"] = -1 } }, "<x>", "-1");
        Refused(bytesOnly with { ControlTokens = new Dictionary<string, int> { ["<x>"] = int.MaxValue } }, "<x>", "2147483647", "16777215");
        Refused(bytesOnly with { ControlTokens = new Dictionary<string, int> { [""] = 300 } }, "300", "0 characters");
        Refused(bytesOnly with { ControlTokens = new Dictionary<string, int> { [new string('x', 257)] = 300 } }, "257", "256");
        Refused(bytesOnly with { Begin = -2 }, "begin", "-2");
        Refused(bytesOnly with { Begin = 1 << 24 }, "begin", "16777216");
    }

    [Fact]
    public void Too_many_tokens_or_bytes_are_refused_before_memory_is_taken()
    {
        Refused(bytesOnly with { Tokens = new Repeated(new byte[1], (1 << 24) + 1) }, "16777217");
        Refused(bytesOnly with { Tokens = new Repeated(new byte[1 << 20], 300) }, "314572800", "268435456");
    }

    [Fact]
    public void Holes_and_equal_tokens_are_harmless()
    {
        byte[] word = Encoding.ASCII.GetBytes("word");
        var tokenizer = new Llama4Tokenizer(bytesOnly with { Tokens = [.. bytesOnly.Tokens, default, word, default, word] });
        Assert.Equal([257], tokenizer.Encode("word"));
        Assert.Equal("wordword", tokenizer.Decode([257, 256, 258, 259]));
    }

    [Fact]
    public void Ordinary_bytes_at_the_id_of_a_control_token_are_never_produced()
    {
        var tokenizer = new Llama4Tokenizer(bytesOnly with
        {
            Tokens = [.. bytesOnly.Tokens, "<|eot|>"u8.ToArray()],
            ControlTokens = new Dictionary<string, int> { ["<|eot|>"] = 256 },
        });
        Assert.DoesNotContain(256, tokenizer.Encode("<|eot|>"));
        Assert.Equal("", tokenizer.Decode([256]));
    }

    /// <summary>A list that claims more than it holds in memory.</summary>
    sealed class Repeated(byte[] token, int count) : IReadOnlyList<ReadOnlyMemory<byte>>
    {
        public int Count => count;

        public ReadOnlyMemory<byte> this[int index] => token;

        public IEnumerator<ReadOnlyMemory<byte>> GetEnumerator() => Enumerable.Repeat((ReadOnlyMemory<byte>)token, count).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
