using System.Runtime.InteropServices;
using System.Text;
using Llama4.Core.Chat;
using Llama4.Core.Tokenization;
using Llama4.Tests.Tokenization;

namespace Llama4.Tests.Fuzz;

/// <summary>
/// The tokenizer by itself. The first byte says what the others are: text in UTF-8, UTF-16 units (lone surrogates too), token ids, or a
/// vocabulary and a text.
/// </summary>
static class TokenizerTarget
{
    static readonly ReadOnlyMemory<byte>[] singleBytes = [.. Enumerable.Range(0, 256).Select(value => (ReadOnlyMemory<byte>)new[] { (byte)value })];

    public static FuzzTarget Target { get; } = new("tokenizer", Read, Seeds)
    {
        Words = FuzzTarget.Utf8("<|eot|>", "<|image|>", "<|", "|>", "'s", " \n", "\u0301", "漢", "\U0001F600\u200D", "\u017F"),
    };

    public static void Read(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty) return;
        ReadOnlySpan<byte> rest = input[1..];
        switch (input[0] & 3)
        {
            case 0: CheckText(Vocabularies.Demo, Encoding.UTF8.GetString(rest)); break;
            case 1: CheckText(Vocabularies.Demo, new string(MemoryMarshal.Cast<byte, char>(rest))); break;
            case 2: CheckIds(Vocabularies.Demo, MemoryMarshal.Cast<byte, int>(rest).ToArray()); break;
            default: CheckVocabulary(rest); break;
        }
    }

    static void CheckText(Llama4Tokenizer tokenizer, string text)
    {
        string valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        int[] ids = tokenizer.Encode(text);
        Require(!ids.Any(tokenizer.IsControl), "a control token from ordinary text");
        Require(tokenizer.Decode(ids) == valid, "the text does not come back");
        Require(Stream(tokenizer, ids, showControl: false) == valid, "the streamed text differs");

        int cut = text.Length / 3;
        TemplateSpan[] spans = [new(text[..cut], true), new(text[cut..(2 * cut)], false), new(text[(2 * cut)..], true)];
        Require(tokenizer.Decode(tokenizer.EncodeTrusted(spans), showControl: true) == valid, "the prompt does not come back");
    }

    static void CheckIds(Llama4Tokenizer tokenizer, int[] ids)
    {
        Require(Stream(tokenizer, ids, showControl: true) == tokenizer.Decode(ids, showControl: true), "the streamed text differs");
        for (int i = 0; i < ids.Length; i++) ids[i] = (ids[i] & int.MaxValue) % tokenizer.VocabularySize;
        Require(Stream(tokenizer, ids, showControl: false) == tokenizer.Decode(ids), "the streamed text differs");
    }

    /// <summary>Entries of a head and bytes: 0xxxxxxx an ordinary token of x bytes, 10xxxxxx a control token of x bytes, 11xxxxxx the text follows.</summary>
    static void CheckVocabulary(ReadOnlySpan<byte> input)
    {
        List<ReadOnlyMemory<byte>> tokens = [.. singleBytes];
        var controls = new Dictionary<string, int>();
        while (!input.IsEmpty && input[0] < 0xC0)
        {
            bool isControl = input[0] >= 0x80;
            int length = Math.Min(isControl ? input[0] & 0x3F : input[0], input.Length - 1);
            ReadOnlySpan<byte> bytes = input.Slice(1, length);
            if (isControl && Encoding.UTF8.GetString(bytes) is var text && Encoding.UTF8.GetByteCount(text) == length) controls.TryAdd(text, tokens.Count);
            tokens.Add(bytes.ToArray());
            input = input[(1 + length)..];
        }
        CheckText(new Llama4Tokenizer(new TokenizerData { Tokens = tokens, ControlTokens = controls }), Encoding.UTF8.GetString(input));
    }

    static string Stream(Llama4Tokenizer tokenizer, int[] ids, bool showControl)
    {
        var decoder = new StreamDecoder(tokenizer, showControl);
        var text = new StringBuilder();
        foreach (int id in ids) text.Append(decoder.Append(id));
        return text.Append(decoder.Flush()).ToString();
    }

    static IEnumerable<byte[]> Seeds()
    {
        string[] texts = ["Hello, world! I'm 12345 years old.\n\nOK  ", "<|header_start|>user<|header_end|>\n\n日本語 \U0001F468\u200D\U0001F469<|eot|>", new('a', 300)];
        foreach (string text in texts)
        {
            yield return [0, .. Encoding.UTF8.GetBytes(text)];
            yield return [1, .. MemoryMarshal.AsBytes<char>(text.ToCharArray())];
            yield return [2, .. MemoryMarshal.AsBytes<int>(Vocabularies.Demo.Encode(text))];
        }
        yield return [3, 2, .. "aa"u8, 3, .. "aab"u8, 2, .. "bc"u8, 0x87, .. "<|eot|>"u8, 0xFF, .. "aaabcbcaa<|eot|>"u8];
    }

    static void Require(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException(otherwise);
    }
}
