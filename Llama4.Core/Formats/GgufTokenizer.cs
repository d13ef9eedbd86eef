using Llama4.Core.Model;
using Llama4.Core.Tokenization;
using Text = System.Text.Encoding;

namespace Llama4.Core.Formats;

/// <summary>The vocabulary in tokenizer.ggml.*: byte-level BPE, called gpt2.</summary>
internal static class GgufTokenizer
{
    const string P = "tokenizer.ggml.";

    // Values of token_type.
    const int Normal = 1, Control = 3, UserDefined = 4;

    /// <summary>Entries of the token list; null without a vocabulary.</summary>
    public static int? Count(GgufMetadata m) => m.ArrayLength(P + "tokens");

    /// <param name="size">Rows of the embedding.</param>
    public static TokenizerData Read(GgufMetadata m, int size, List<string> warnings)
    {
        if (Count(m) is not { } count)
        {
            warnings.Add($"{m.File}: has no tokenizer: token ids only, no text");
            return new TokenizerData { Tokens = [], ControlTokens = new Dictionary<string, int>() };
        }
        string model = m.String(P + "model") ?? throw new ModelFormatException(m.File, P + "model", "this key is missing");
        if (model != "gpt2") throw new ModelFormatException(m.File, P + "model", $"is {model}, expected gpt2");
        if (m.String(P + "pre") is { } pre and not "llama4")
            warnings.Add($"{m.File}: {P}pre is {pre}; text is split as for llama4, so some token ids may differ");
        int[] types = m.Ints(P + "token_type", 0, int.MaxValue, Limits.Vocabulary) ?? [.. Enumerable.Repeat(Normal, count)];
        if (types.Length != count)
            throw new ModelFormatException(m.File, P + "token_type", $"has {types.Length} entries, expected {count}, one per token");

        var builder = new VocabularyBuilder(m.File, size);
        var bytes = new ByteArena();
        int id = 0;
        foreach (ReadOnlySpan<byte> token in m.Strings(P + "tokens"))
        {
            int current = id++;
            var place = new EntryPlace(P + "tokens", current);
            if (types[current] is Control or UserDefined) builder.AddControl(current, Text.UTF8.GetString(token), place);
            else if (types[current] == Normal)
            {
                if (bytes.FromAlphabet(token) is not { } ordinary)
                    throw new ModelFormatException(m.File, place.ToString(), "is not written in the byte-level alphabet");
                builder.Add(current, ordinary, place);
            }
        }
        TokenizerData data = builder.Build(m.Int(P + "bos_token_id", 0, size - 1, -1), out TokenTable table);
        CheckMerges(m, table);
        return data;
    }

    static void CheckMerges(GgufMetadata m, TokenTable tokens)
    {
        const string key = P + "merges";
        var check = new MergeCheck(m.File, tokens);
        int index = 0;
        foreach (ReadOnlySpan<byte> merge in m.Strings(key))
        {
            var place = new EntryPlace(key, index++);
            int space = merge.IndexOf((byte)' ');
            if (space < 0) throw new ModelFormatException(m.File, place.ToString(), "is not \"left right\"");
            check.AddAlphabet(merge[..space], merge[(space + 1)..], place);
        }
        check.Finish(key);
    }

    public static GenerationDefaults ReadGeneration(GgufMetadata m, TextConfig text, TokenizerData tokenizer)
    {
        var ends = new List<int>();
        foreach (string name in (ReadOnlySpan<string>)["eos_token_id", "eot_token_id", "eom_token_id"])
            if (m.Has(P + name)) ends.Add(m.Int(P + name, 0, text.Vocabulary - 1));
        return new GenerationDefaults { EndTokens = HfGeneration.WithNamed(ends, tokenizer), AddBegin = m.Flag(P + "add_bos_token", true) };
    }
}
