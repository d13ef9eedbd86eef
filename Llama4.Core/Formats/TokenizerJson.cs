using System.Text.Json;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>tokenizer.json of Hugging Face's tokenizers: byte-level BPE with its vocabulary, merges and added tokens.</summary>
internal sealed class TokenizerJson : IDisposable
{
    /// <summary>How Llama 4 splits text before merging (specification 4.2).</summary>
    const string SplitPattern =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    readonly JsonDocument document;
    readonly JsonFields root;
    readonly JsonFields model;

    public TokenizerJson(string path)
    {
        document = JsonFields.Parse(path, Limits.TokenizerBytes);
        root = new JsonFields(path, "$", document.RootElement);
        model = root.Object("model") ?? throw new ModelFormatException(path, "$.model", "is missing");
        if (model.Text("type") is { } type && type != "BPE") throw new ModelFormatException(path, "$.model.type", $"is {type}, expected BPE");
        foreach (string name in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Text(name) is { Length: > 0 } mark) throw new ModelFormatException(path, model.Place(name), $"is {mark}, expected none");
    }

    public void Dispose() => document.Dispose();

    public VocabularyBuilder ReadVocabulary(int size)
    {
        JsonFields ids = model.Object("vocab") ?? throw new ModelFormatException(root.File, "$.model.vocab", "is missing");
        var builder = new VocabularyBuilder(root.File, size);
        AddControlTokens(builder);
        foreach (JsonProperty property in ids.Element.EnumerateObject())
        {
            string text = ids.ToName(property);
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out int id))
                throw ids.Wrong(text, property.Value, "a token id");
            if (builder.IsControl(id) && builder.FindControl(text) == id) continue;
            byte[] bytes = ByteAlphabet.ToBytes(text) ?? throw new ModelFormatException(root.File, ids.Place(text), "is not written in the byte-level alphabet");
            builder.Add(id, bytes, new EntryPlace("token", id));
        }
        return builder;
    }

    /// <summary>The merges, each "left right" or a list of the two, must be those of the ranks.</summary>
    public void CheckMerges(TokenizerData data)
    {
        if (model.Find("merges") is not { ValueKind: JsonValueKind.Array } list)
            throw new ModelFormatException(root.File, "$.model.merges", "is missing or not a list");
        var check = new MergeCheck(root.File, data);
        int index = 0;
        foreach (JsonElement merge in list.EnumerateArray())
        {
            var place = new EntryPlace("$.model.merges", index++);
            (string left, string right) = Halves(merge, place);
            if (ByteAlphabet.ToBytes(left) is not { } leftBytes || ByteAlphabet.ToBytes(right) is not { } rightBytes)
                throw new ModelFormatException(root.File, place.ToString(), "is not written in the byte-level alphabet");
            check.Add(leftBytes, rightBytes, place);
        }
        check.Finish("$.model.merges");
    }

    /// <summary>What of the file is not obeyed.</summary>
    public IEnumerable<string> Warnings()
    {
        if (root.Has("normalizer")) yield return $"{root.File}: its normalizer is not applied, so some token ids may differ";
        if (!SplitsLikeLlama4())
            yield return $"{root.File}: its split pattern is not Llama 4's; text is split as for Llama 4, so some token ids may differ";
    }

    bool SplitsLikeLlama4()
    {
        if (root.Object("pre_tokenizer") is not { } outer) return false;
        if (outer.Find("pretokenizers") is not { ValueKind: JsonValueKind.Array } list) return PatternOf(outer) == SplitPattern;
        return list.EnumerateArray().Any(step => step.ValueKind == JsonValueKind.Object
            && PatternOf(new JsonFields(root.File, "$.pre_tokenizer.pretokenizers", step)) == SplitPattern);
    }

    static string? PatternOf(JsonFields step) => step.Object("pattern")?.Text("Regex");

    void AddControlTokens(VocabularyBuilder builder)
    {
        if (root.Find("added_tokens") is not { } list) return;
        if (list.ValueKind != JsonValueKind.Array) throw root.Wrong("added_tokens", list, "a list");
        int index = 0;
        foreach (JsonElement element in list.EnumerateArray())
        {
            string place = $"$.added_tokens[{index++}]";
            if (element.ValueKind != JsonValueKind.Object) throw new ModelFormatException(root.File, place, "is not an object");
            var entry = new JsonFields(root.File, place, element);
            string text = entry.Text("content") ?? throw new ModelFormatException(root.File, place, "has no content");
            builder.AddControl(entry.Int("id", int.MinValue, int.MaxValue), text, place);
        }
    }

    (string Left, string Right) Halves(JsonElement merge, EntryPlace place)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
            && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
            return (root.ToText("$.model.merges", merge[0]), root.ToText("$.model.merges", merge[1]));
        if (merge.ValueKind != JsonValueKind.String || root.ToText("$.model.merges", merge).Split(' ') is not [var left, var right])
            throw new ModelFormatException(root.File, place.ToString(), "is neither \"left right\" nor a list of two strings");
        return (left, right);
    }
}
