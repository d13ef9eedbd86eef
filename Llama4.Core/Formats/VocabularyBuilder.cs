using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>Collects a vocabulary from a file and checks it: ids in range, nothing twice, no hole, every single byte a token.</summary>
/// <param name="file">For messages.</param>
/// <param name="size">Ids are below this: the rows of the model's embedding.</param>
internal sealed class VocabularyBuilder(string file, int size)
{
    readonly ReadOnlyMemory<byte>[] tokens = new ReadOnlyMemory<byte>[size];
    readonly Dictionary<string, int> control = [];
    readonly string?[] controlTexts = new string?[size];

    /// <summary>Ordinary tokens so far.</summary>
    public int Ordinary { get; private set; }

    /// <summary>An ordinary token.</summary>
    public void Add(int id, ReadOnlyMemory<byte> bytes, EntryPlace place)
    {
        CheckId(id, place);
        if (controlTexts[id] is { } text && bytes.Span.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(text))) return;
        if (bytes.IsEmpty) throw new ModelFormatException(file, place.ToString(), $"token {id} has no bytes");
        if (bytes.Length > Limits.TokenBytes)
            throw new ModelFormatException(file, place.ToString(), $"token {id} has {bytes.Length} bytes, limit {Limits.TokenBytes}");
        if (!tokens[id].IsEmpty || controlTexts[id] is not null)
            throw new ModelFormatException(file, place.ToString(), $"token {id} is given twice");
        Ordinary++;
        tokens[id] = bytes;
    }

    /// <summary>
    /// A token that only ever stands for itself. It may be given again under the same id, also as an ordinary token after this.
    /// </summary>
    public void AddControl(int id, string text, EntryPlace place)
    {
        CheckId(id, place);
        if (text.Length is 0 or > Limits.TokenBytes)
            throw new ModelFormatException(file, place.ToString(),
                $"control token {id} has {text.Length} characters, expected 1 to {Limits.TokenBytes}");
        if (control.TryGetValue(text, out int other))
        {
            if (other == id) return;
            throw new ModelFormatException(file, place.ToString(), $"control token {text} has ids {other} and {id}");
        }
        if (!tokens[id].IsEmpty || controlTexts[id] is not null)
            throw new ModelFormatException(file, place.ToString(), $"token {id} is given twice, here as control token {text}");
        control.Add(text, id);
        controlTexts[id] = text;
    }

    /// <param name="begin">Id of the begin token, or -1: the one named &lt;|begin_of_text|&gt;, if there is one.</param>
    /// <param name="table">The ordinary tokens by their bytes, for further checks.</param>
    public TokenizerData Build(int begin, out TokenTable table)
    {
        int end = tokens.Length;
        while (end > 0 && tokens[end - 1].IsEmpty) end--;
        for (int id = 0; id < end; id++)
            if (tokens[id].IsEmpty && controlTexts[id] is null)
                throw new ModelFormatException(file, $"token {id}", $"is missing, but there are ordinary tokens up to {end - 1}");
        table = new TokenTable(tokens, new ControlTokens(control));
        CheckDistinct(table);
        var singles = new bool[256];
        foreach (ReadOnlyMemory<byte> token in tokens)
            if (token.Length == 1) singles[token.Span[0]] = true;
        if (Array.IndexOf(singles, false) is >= 0 and int missing)
            throw new ModelFormatException(file, "vocabulary",
                $"has no token for the byte 0x{missing:X2}: not every text could be written");
        if (begin < 0 && control.TryGetValue("<|begin_of_text|>", out int named)) begin = named;
        if (begin >= tokens.Length) throw new ModelFormatException(file, "begin token", $"has id {begin}, limit {tokens.Length - 1}");
        return new TokenizerData { Tokens = tokens, ControlTokens = control, Begin = begin };
    }

    public bool IsControl(int id) => id >= 0 && id < size && controlTexts[id] is not null;

    public int? FindControl(string text) => control.TryGetValue(text, out int id) ? id : null;

    void CheckDistinct(TokenTable table)
    {
        for (int id = 0; id < tokens.Length; id++)
            if (!tokens[id].IsEmpty && table.Find(tokens[id].Span) is var first && first != id)
                throw new ModelFormatException(file, $"token {id}",
                    $"has the same bytes as token {first}: {Convert.ToHexString(tokens[id].Span)}");
    }

    void CheckId(int id, EntryPlace place)
    {
        if (id < 0 || id >= size) throw new ModelFormatException(file, place.ToString(), $"token id {id}, expected 0 to {size - 1}");
    }
}
