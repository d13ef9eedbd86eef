using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>tokenizer.json of Hugging Face's tokenizers: byte-level BPE with its vocabulary, merges and added tokens.</summary>
internal static class TokenizerJson
{
    public static VocabularyBuilder Read(string path, int vocabulary, List<string> warnings)
    {
        using JsonDocument document = JsonFields.Parse(path, Limits.TokenizerBytes);
        var root = new JsonFields(path, "$", document.RootElement);
        JsonFields model = root.Object("model") ?? throw new ModelFormatException(path, "$.model", "is missing");
        if (model.Text("type") is { } type && type != "BPE") throw new ModelFormatException(path, "$.model.type", $"is {type}, expected BPE");
        JsonFields ids = model.Object("vocab") ?? throw new ModelFormatException(path, "$.model.vocab", "is missing");
        var builder = new VocabularyBuilder(path, vocabulary);
        AddControlTokens(root, builder);
        AddTokens(ids, builder);
        return builder;
    }

    static void AddTokens(JsonFields ids, VocabularyBuilder builder)
    {
        foreach (JsonProperty property in ids.Element.EnumerateObject())
        {
            string text = ids.ToName(property);
            Func<string> place = () => ids.Place(text);
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out int id))
                throw ids.Wrong(text, property.Value, "a token id");
            if (builder.IsControl(id) && builder.FindControl(text) == id) continue;
            byte[] bytes = ByteAlphabet.ToBytes(text) ?? throw new ModelFormatException(ids.File, place(), "is not written in the byte-level alphabet");
            builder.Add(id, bytes, place);
        }
    }

    static void AddControlTokens(JsonFields root, VocabularyBuilder builder)
    {
        if (root.Find("added_tokens") is not { } list) return;
        if (list.ValueKind != JsonValueKind.Array) throw root.Wrong("added_tokens", list, "a list");
        for (int i = 0; i < list.GetArrayLength(); i++)
        {
            string place = $"$.added_tokens[{i}]";
            if (list[i].ValueKind != JsonValueKind.Object) throw new ModelFormatException(root.File, place, "is not an object");
            var entry = new JsonFields(root.File, place, list[i]);
            string text = entry.Text("content") ?? throw new ModelFormatException(root.File, place, "has no content");
            builder.AddControl(entry.Int("id", 0, int.MaxValue), text, () => place);
        }
    }
}
