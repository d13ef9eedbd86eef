using System.Text.Json;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>tokenizer.json of Hugging Face's tokenizers: byte-level BPE with its vocabulary, merges and added tokens.</summary>
internal sealed class TokenizerJson
{
    /// <summary>How Llama 4 splits text before merging (specification 4.2).</summary>
    const string SplitPattern =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    const string Vocab = "$.model.vocab", Merges = "$.model.merges";

    // An escaped character takes 6 bytes.
    const int LongestText = 6 * Limits.TokenBytes;

    readonly string path;
    readonly Dictionary<string, ReadOnlyMemory<byte>> fields;
    readonly Dictionary<string, ReadOnlyMemory<byte>> model;

    public TokenizerJson(string path)
    {
        this.path = path;
        fields = JsonStream.Fields(path, "$", ModelFile.ReadAll(path, Limits.TokenizerBytes));
        model = JsonStream.Fields(path, "$.model", Field(fields, "$.model", "model"));
        if (SmallText("type") is { } type && type != "BPE")
            throw new ModelFormatException(path, "$.model.type", $"is {type}, expected BPE");
        foreach (string name in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (SmallText(name) is { Length: > 0 } mark)
                throw new ModelFormatException(path, $"$.model.{name}", $"is {mark}, expected none");
    }

    public VocabularyBuilder ReadVocabulary(int size)
    {
        var builder = new VocabularyBuilder(path, size);
        AddControlTokens(builder);
        var bytes = new ByteArena();
        Span<byte> buffer = stackalloc byte[LongestText];
        var json = new JsonStream(path, Vocab, Field(model, Vocab, "vocab").Span);
        json.Read(JsonTokenType.StartObject, "the vocabulary");
        while (json.Read() && json.Type == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> text = json.Utf8Text(buffer, out bool fits);
            if (!fits) throw json.Fail($"a token of {text.Length} bytes, limit {Limits.TokenBytes}");
            ReadOnlyMemory<byte>? token = bytes.FromAlphabet(text);
            string? name = token is null ? json.Text() : null;
            json.Read();
            int id = (int)json.Whole(0, int.MaxValue, "a token id");
            // Control tokens may be listed here too, and need not be written in the alphabet.
            if (token is null && builder.FindControl(name!) == id) continue;
            if (token is null) throw new ModelFormatException(path, $"{Vocab}.{name}", "is not written in the byte-level alphabet");
            builder.Add(id, token.Value, new EntryPlace("$.model.vocab, token ", id));
        }
        return builder;
    }

    /// <summary>The merges, each "left right" or a list of the two, must be those of the ranks.</summary>
    public void CheckMerges(TokenTable tokens)
    {
        var check = new MergeCheck(path, tokens);
        Span<byte> buffer = stackalloc byte[2 * LongestText + 1];
        var json = new JsonStream(path, Merges, Field(model, Merges, "merges").Span);
        json.Read(JsonTokenType.StartArray, "the list");
        for (int index = 0; json.Read() && json.Type != JsonTokenType.EndArray; index++)
        {
            var place = new EntryPlace(Merges, index);
            if (json.Type == JsonTokenType.String)
            {
                ReadOnlySpan<byte> text = json.Utf8Text(buffer, out bool fits);
                int space = text.IndexOf((byte)' ');
                if (!fits || space < 0) throw new ModelFormatException(path, place.ToString(), "is not \"left right\"");
                check.AddAlphabet(text[..space], text[(space + 1)..], place);
                continue;
            }
            if (json.Type != JsonTokenType.StartArray)
                throw new ModelFormatException(path, place.ToString(), $"is {JsonStream.Describe(json.Type)}, expected a string or a list");
            json.Read(JsonTokenType.String, "half of a merge");
            ReadOnlySpan<byte> left = json.Utf8Text(buffer[..LongestText], out bool leftFits);
            json.Read(JsonTokenType.String, "half of a merge");
            ReadOnlySpan<byte> right = json.Utf8Text(buffer[LongestText..], out bool rightFits);
            if (!leftFits || !rightFits)
                throw new ModelFormatException(path, place.ToString(), $"is longer than two tokens of {Limits.TokenBytes} bytes");
            check.AddAlphabet(left, right, place);
            json.Read(JsonTokenType.EndArray, "a merge of two");
        }
        check.Finish(Merges);
    }

    /// <summary>What of the file is not obeyed.</summary>
    public IEnumerable<string> Warnings()
    {
        if (fields.TryGetValue("normalizer", out ReadOnlyMemory<byte> normalizer) && !normalizer.Span.SequenceEqual("null"u8))
            yield return $"{path}: its normalizer is not applied, so some token ids may differ";
        if (!SplitsLikeLlama4())
            yield return $"{path}: its split pattern is not Llama 4's; text is split as for Llama 4, so some token ids may differ";
    }

    bool SplitsLikeLlama4()
    {
        using JsonDocument? document = Small("pre_tokenizer");
        if (document is null) return false;
        var outer = new JsonFields(path, "$.pre_tokenizer", document.RootElement);
        if (outer.Find("pretokenizers") is not { ValueKind: JsonValueKind.Array } list) return PatternOf(outer) == SplitPattern;
        return list.EnumerateArray().Any(step => step.ValueKind == JsonValueKind.Object
            && PatternOf(new JsonFields(path, "$.pre_tokenizer.pretokenizers", step)) == SplitPattern);
    }

    static string? PatternOf(JsonFields step) => step.Find("pattern") is { ValueKind: JsonValueKind.Object }
        ? step.Object("pattern")?.Text("Regex") : null;

    void AddControlTokens(VocabularyBuilder builder)
    {
        if (!fields.TryGetValue("added_tokens", out ReadOnlyMemory<byte> list)) return;
        var json = new JsonStream(path, "$.added_tokens", list.Span);
        json.Read(JsonTokenType.StartArray, "the list");
        for (int index = 0; json.Read() && json.Type != JsonTokenType.EndArray; index++)
        {
            var place = new EntryPlace("$.added_tokens", index);
            if (json.Type != JsonTokenType.StartObject)
                throw new ModelFormatException(path, place.ToString(), $"is {JsonStream.Describe(json.Type)}, expected an object");
            int? id = null;
            string? text = null;
            while (json.Read() && json.Type == JsonTokenType.PropertyName)
            {
                bool isId = json.Is("id"u8), isText = json.Is("content"u8);
                json.Read();
                if (isId) id = (int)json.Whole(int.MinValue, int.MaxValue, "id");
                else if (isText) text = json.Text();
                else json.Skip();
            }
            if (id is null || text is null)
                throw new ModelFormatException(path, place.ToString(), $"has no {(id is null ? "id" : "content")}");
            builder.AddControl(id.Value, text, place);
        }
    }

    ReadOnlyMemory<byte> Field(Dictionary<string, ReadOnlyMemory<byte>> from, string place, string name) =>
        from.TryGetValue(name, out ReadOnlyMemory<byte> value) ? value : throw new ModelFormatException(path, place, "is missing");

    /// <summary>A field of the root that is an object.</summary>
    JsonDocument? Small(string name)
    {
        if (!fields.TryGetValue(name, out ReadOnlyMemory<byte> value) || value.Span.SequenceEqual("null"u8)) return null;
        if (value.Length > Limits.ConfigBytes)
            throw new ModelFormatException(path, $"$.{name}", $"{value.Length} bytes, limit {Limits.ConfigBytes}");
        return JsonFields.Parse(path, $"$.{name}: ", value);
    }

    /// <summary>A string of the model.</summary>
    string? SmallText(string name)
    {
        if (!model.TryGetValue(name, out ReadOnlyMemory<byte> value) || value.Span.SequenceEqual("null"u8)) return null;
        var json = new JsonStream(path, $"$.model.{name}", value.Span);
        json.Read(JsonTokenType.String, name);
        return json.Text();
    }
}
