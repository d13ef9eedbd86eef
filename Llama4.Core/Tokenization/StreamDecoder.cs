using System.Text;

namespace Llama4.Core.Tokenization;

/// <summary>Turns tokens into text one by one. Characters whose bytes are still incomplete are held back until the next token.</summary>
/// <param name="showControl">Whether control tokens give their text; else they give nothing.</param>
public sealed class StreamDecoder(Llama4Tokenizer tokenizer, bool showControl = false)
{
    readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    char[] text = new char[64];

    /// <summary>The text that this token completes, often empty; valid until the next call. Broken bytes give U+FFFD.</summary>
    /// <exception cref="InvalidRequestException">The id is not of the tokenizer's vocabulary.</exception>
    public ReadOnlySpan<char> Append(int id) => Convert(tokenizer.GetBytes(id, showControl), flush: false);

    /// <summary>The end of the text: U+FFFD if bytes of a character are still missing. The decoder is then as new.</summary>
    public ReadOnlySpan<char> Flush() => Convert([], flush: true);

    ReadOnlySpan<char> Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length + 3);    // up to three bytes held back
        if (most > text.Length) text = new char[most];
        return text.AsSpan(0, decoder.GetChars(bytes, text, flush));
    }
}
