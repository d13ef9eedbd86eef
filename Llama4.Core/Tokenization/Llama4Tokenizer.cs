using System.Buffers;
using System.Text;
using Llama4.Core.Chat;

namespace Llama4.Core.Tokenization;

/// <summary>
/// Text to token ids and back: byte-pair merging over the pieces of <see cref="PieceScanner"/> (specification 4.2), as Hugging Face's
/// tokenizer does it, without the splits at 25,000 and 400,000 characters of Meta's code. Safe for use from several threads.
/// <see cref="Encode(ReadOnlySpan{char})"/> never gives a control token; only <see cref="EncodeTrusted"/> does, for what a template wrote.
/// Lone surrogates, which UTF-8 cannot express, are encoded as U+FFFD.
/// </summary>
public sealed class Llama4Tokenizer
{
    /// <summary>Ids must be below this.</summary>
    public const int LargestVocabulary = 1 << 24;

    /// <summary>Most bytes of all tokens together, and of one control token's text.</summary>
    public const int LargestTokenBytes = 1 << 28, LargestControlToken = 256;

    /// <summary>Most characters in one call.</summary>
    public const int LongestText = 1 << 26;

    readonly TokenTable tokens;
    readonly ControlTokens controls;

    /// <param name="data">What the model's files say. Its list of tokens may be longer than the files', up to the model's count of ids.</param>
    /// <exception cref="ModelFormatException">An id or a text is out of its limits, or a single byte has no token.</exception>
    public Llama4Tokenizer(TokenizerData data)
    {
        TokenizerRules.Check(data);
        controls = new ControlTokens(data.ControlTokens);
        tokens = new TokenTable(data.Tokens, controls);
        TokenizerRules.CheckSingleBytes(tokens);
        VocabularySize = Math.Max(data.Tokens.Count, controls.LargestId + 1);

        Begin = data.Begin;
        EndOfText = ControlId("<|end_of_text|>");
        EndOfTurn = ControlId("<|eot|>");
        EndOfMessage = ControlId("<|eom|>");
        Image = ControlId("<|image|>");
        Patch = ControlId("<|patch|>");
        ImageStart = ControlId("<|image_start|>");
        ImageEnd = ControlId("<|image_end|>");
        TileXSeparator = ControlId("<|tile_x_separator|>");
        TileYSeparator = ControlId("<|tile_y_separator|>");
    }

    /// <summary>Ids are 0 to this, without.</summary>
    public int VocabularySize { get; }

    /// <summary>Id of the token that starts a text, or -1. The following are ids of control tokens too, -1 where the vocabulary has none.</summary>
    public int Begin { get; }

    public int EndOfText { get; }

    /// <summary>&lt;|eot|&gt;: the speaker is done.</summary>
    public int EndOfTurn { get; }

    /// <summary>&lt;|eom|&gt;: the message is done, and a tool's result is expected.</summary>
    public int EndOfMessage { get; }

    /// <summary>Stands for the picture itself, the global tile.</summary>
    public int Image { get; }

    /// <summary>Stands for one row of image features.</summary>
    public int Patch { get; }

    public int ImageStart { get; }

    public int ImageEnd { get; }

    public int TileXSeparator { get; }

    public int TileYSeparator { get; }

    /// <summary>The id of a control token by its text; -1 and false where there is none.</summary>
    public bool TryGetControl(string text, out int id) => controls.TryGet(text, out id);

    public bool IsControl(int id) => controls.Contains(id);

    /// <summary>Ids of ordinary text, without a token at its begin or end. The text of a control token is text like any other.</summary>
    /// <exception cref="InvalidRequestException">The text is too long.</exception>
    public int[] Encode(ReadOnlySpan<char> text)
    {
        var ids = new List<int>(text.Length / 4 + 1);
        Encode(text, ids);
        return [.. ids];
    }

    /// <summary>Appends the ids of ordinary text.</summary>
    /// <exception cref="InvalidRequestException">The text is too long.</exception>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        CheckLength(text.Length);
        BytePairMerger? merger = null;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(256);
        var pieces = new PieceScanner(text);
        while (pieces.Next())
        {
            ReadOnlySpan<char> piece = text[pieces.Start..pieces.End];
            int most = 3 * piece.Length;    // bytes of UTF-8 per UTF-16 unit
            if (most > bytes.Length)
            {
                ArrayPool<byte>.Shared.Return(bytes);
                bytes = ArrayPool<byte>.Shared.Rent(most);
            }
            ReadOnlySpan<byte> encoded = bytes.AsSpan(0, Encoding.UTF8.GetBytes(piece, bytes));
            int whole = tokens.Find(encoded);
            if (whole != TokenTable.None) ids.Add(whole);
            else (merger ??= new BytePairMerger(tokens)).Merge(encoded, ids);
        }
        ArrayPool<byte>.Shared.Return(bytes);
    }

    /// <summary>
    /// Ids of a rendered prompt. A control token's text becomes its id where all its characters come from trusted spans, the leftmost
    /// first, the longest of those that start together. What lies between is ordinary text, encoded as a whole across the borders of spans.
    /// </summary>
    /// <exception cref="InvalidRequestException">The prompt is too long.</exception>
    public int[] EncodeTrusted(IReadOnlyList<TemplateSpan> spans)
    {
        long length = 0;
        foreach (TemplateSpan span in spans) length += span.Text.Length;
        CheckLength(length);
        var ids = new List<int>((int)length / 4 + 1);
        ReadOnlySpan<char> text = string.Concat(spans.Select(span => span.Text));

        int done = 0, runStart = 0, runEnd = 0;
        foreach (TemplateSpan span in spans)
        {
            // Trusted spans in a row are one run.
            if (span.IsTrusted || span.Text.Length == 0)
            {
                runEnd += span.Text.Length;
                continue;
            }
            done = EncodeControls(text, runStart, runEnd, done, ids);
            runStart = runEnd += span.Text.Length;
        }
        done = EncodeControls(text, runStart, runEnd, done, ids);
        Encode(text[done..], ids);
        return [.. ids];
    }

    /// <summary>Bytes of a token; of a control token those of its text when asked for, else none, as for an id without a token.</summary>
    /// <exception cref="InvalidRequestException">The id is not of this vocabulary.</exception>
    public ReadOnlySpan<byte> GetBytes(int id, bool showControl = false)
    {
        if ((uint)id >= (uint)VocabularySize)
            throw new InvalidRequestException($"token id {id} is not in the vocabulary: expected 0 to {VocabularySize - 1}");
        if (controls.BytesOf(id) is byte[] text) return showControl ? text : [];
        return id < tokens.Count ? tokens.BytesOf(id) : [];
    }

    /// <summary>Text of the tokens; bytes that are not UTF-8 become U+FFFD. Equal to what <see cref="StreamDecoder"/> gives piece by piece.</summary>
    /// <exception cref="InvalidRequestException">An id is not of this vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool showControl = false)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, 4 * ids.Length));
        foreach (int id in ids) bytes.Write(GetBytes(id, showControl));
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Encodes the text from <paramref name="done"/> up to the last control token in a trusted run; returns the end of that.</summary>
    int EncodeControls(ReadOnlySpan<char> text, int runStart, int runEnd, int done, List<int> ids)
    {
        while (controls.FindFirst(text[runStart..runEnd], out int start, out int length, out int id))
        {
            Encode(text[done..(runStart + start)], ids);
            ids.Add(id);
            done = runStart += start + length;
        }
        return done;
    }

    int ControlId(string text) => controls.TryGet(text, out int id) ? id : -1;

    static void CheckLength(long length)
    {
        if (length > LongestText) throw new InvalidRequestException($"a text of {length} characters is too long: at most {LongestText}");
    }
}
