using System.Text;
using Llama4.Core.Cache;
using Llama4.Core.Generation;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Model;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Generation;

/// <summary>From tokens to pieces, with a tokenizer of one token for each byte, so that every character is cut.</summary>
public sealed class SequenceTests : IDisposable
{
    const int Vocabulary = 300, End = 290, Context = 64;

    readonly CpuDevice device = new(new CpuOptions { Threads = 1 });
    readonly KvCache cache;
    readonly SamplerScratch scratch = new(Vocabulary);
    readonly Llama4Tokenizer tokenizer = new(new TokenizerData
    {
        Tokens = [.. Enumerable.Range(0, 256).Select(b => (ReadOnlyMemory<byte>)new[] { (byte)b })],
        ControlTokens = new Dictionary<string, int>(),
    });

    public SequenceTests() => cache = new KvCache(device, TinyConfig.Text, Encoding.F32);

    [Fact]
    public void Characters_come_whole_and_the_end_token_shows_nothing()
    {
        List<Piece> pieces = Answer([.. Bytes("aß日😀"), End]);
        Assert.Equal(["a", "", "ß", "", "", "日", "", "", "", "😀", ""], pieces.Select(p => p.Text));
        Completion all = pieces[^1].Completion!;
        Assert.Equal("aß日😀", all.Text);
        Assert.Equal(FinishReason.Stop, all.FinishReason);
        Assert.Equal((3, 10, 11), (all.PromptTokens, all.Tokens.Count, all.CompletionTokens));
        Assert.All(pieces.SkipLast(1), p => Assert.Null(p.Completion));
    }

    [Theory]
    [InlineData("日本語です", "本", "日")]
    [InlineData("日本語です", "本語", "日")]
    [InlineData("smile 😀!", "😀", "smile ")]
    [InlineData("smile 😁!", "😀", "smile 😁!")]
    [InlineData("Grüße", "üß", "Gr")]
    public void A_stop_string_is_found_across_the_bytes_of_its_characters(string text, string stop, string shown)
    {
        List<Piece> pieces = Answer([.. Bytes(text), End], stop);
        Assert.Equal(shown, string.Concat(pieces.Select(p => p.Text)));
        Assert.Equal(shown, pieces[^1].Completion!.Text);
        Assert.Equal(text.Contains(stop) ? stop : null, pieces[^1].Completion!.StopString);
    }

    [Fact]
    public void What_was_held_back_comes_at_the_end()
    {
        Assert.Equal(["a", "", "#"], Answer([(byte)'a', (byte)'#', End], "##").Select(p => p.Text));
        Assert.Equal(["", "\uFFFD"], Answer([0xE6, End]).Select(p => p.Text));
        Assert.Equal(["", "", "#\uFFFD"], Answer([(byte)'#', 0xE6, End], "##").Select(p => p.Text));
    }

    [Fact]
    public void Ids_beyond_the_tokenizer_have_no_text_and_the_length_ends_the_answer()
    {
        List<Piece> pieces = Answer([299, (byte)'x', 256, (byte)'y'], maxTokens: 3);
        Assert.Equal(["", "x", ""], pieces.Select(p => p.Text));
        Assert.Equal(FinishReason.Length, pieces[^1].Completion!.FinishReason);
        Assert.Equal([299, (byte)'x', 256], pieces[^1].Completion!.Tokens);

        Assert.Equal(Context - 3, Answer([.. Enumerable.Repeat((int)'z', 100)]).Count);
        Assert.Equal(2, Answer([.. Enumerable.Repeat((int)'z', 100)], grows: 1).Count);
    }

    public void Dispose()
    {
        cache.Dispose();
        device.Dispose();
    }

    static int[] Bytes(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text)];

    /// <summary>The pieces of an answer of these tokens.</summary>
    /// <param name="grows">For how many tokens there is memory.</param>
    List<Piece> Answer(int[] tokens, string? stop = null, int? maxTokens = null, int grows = int.MaxValue)
    {
        var request = new Request(new Prompt([1, 2, 3], []), new SamplingOptions(), maxTokens, stop is null ? [] : [stop]);
        using var sequence = new Sequence(request, cache.NewSequence(), tokenizer, new HashSet<int> { End }, Vocabulary, Context);
        foreach (int token in tokens)
        {
            var logits = new float[Vocabulary];
            logits[token] = 1;
            if (!sequence.Accept(logits, scratch, grows-- > 0)) break;
        }
        List<Piece> pieces = [];
        while (request.Pieces.TryRead(out Piece piece)) pieces.Add(piece);
        return pieces;
    }
}
