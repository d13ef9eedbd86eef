using System.Text.Json;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>The vocabulary of a checkpoint folder: tokenizer.json, else tokenizer.model.</summary>
internal static class HfTokenizer
{
    /// <param name="vocabulary">Rows of the embedding.</param>
    /// <param name="begin">Id of the begin token by config.json, or -1.</param>
    public static (TokenizerData Data, bool AddBegin) Read(string folder, int vocabulary, int begin, List<string> warnings)
    {
        string json = Path.Combine(folder, "tokenizer.json"), ranks = Path.Combine(folder, "tokenizer.model");
        string settings = Path.Combine(folder, "tokenizer_config.json");
        bool hasJson = File.Exists(json);
        if (!hasJson && !File.Exists(ranks))
        {
            warnings.Add($"{folder}: has neither tokenizer.json nor tokenizer.model: token ids only, no text");
            return (new TokenizerData { Tokens = [], ControlTokens = new Dictionary<string, int>() }, true);
        }
        using JsonDocument? document = File.Exists(settings) ? JsonFields.Parse(settings, Limits.ConfigBytes) : null;
        JsonFields? root = document is null ? null : new JsonFields(settings, "$", document.RootElement);
        bool addBegin = root?.Flag("add_bos_token", true) ?? true;
        if (!hasJson)
        {
            VocabularyBuilder fromRanks = TiktokenFile.Read(ranks, vocabulary);
            if (root?.Object("added_tokens_decoder") is { } list) AddControlTokens(list, fromRanks);
            else if (fromRanks.Ordinary == PublishedControlTokens.FirstId) AddPublished(fromRanks, vocabulary);
            return (fromRanks.Build(Begin(root, fromRanks, begin), out _), addBegin);
        }
        var file = new TokenizerJson(json);
        VocabularyBuilder builder = file.ReadVocabulary(vocabulary);
        TokenizerData data = builder.Build(Begin(root, builder, begin), out TokenTable table);
        file.CheckMerges(table);
        warnings.AddRange(file.Warnings());
        return (data, addBegin);
    }

    /// <summary>The begin token that tokenizer_config.json names, else the one of config.json.</summary>
    static int Begin(JsonFields? settings, VocabularyBuilder builder, int missing)
    {
        if (settings is not { } root || BeginText(root) is not { } text) return missing;
        return builder.FindControl(text)
            ?? throw new ModelFormatException(root.File, "$.bos_token", $"is {text}, which is not among the control tokens");
    }

    static void AddPublished(VocabularyBuilder builder, int vocabulary)
    {
        foreach ((string text, int id) in PublishedControlTokens.All)
            if (id < vocabulary) builder.AddControl(id, text, "published control tokens");
    }

    static void AddControlTokens(JsonFields list, VocabularyBuilder builder)
    {
        foreach (JsonProperty property in list.Element.EnumerateObject())
        {
            string name = list.ToName(property);
            string place = list.Place(name);
            if (!int.TryParse(name, System.Globalization.NumberStyles.None, null, out int id))
                throw new ModelFormatException(list.File, place, "is not a token id");
            if (list.Object(name) is not { } entry || entry.Text("content") is not { } text)
                throw new ModelFormatException(list.File, place, "has no content");
            builder.AddControl(id, text, place);
        }
    }

    static string? BeginText(JsonFields root) => root.Find("bos_token") switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } => root.Object("bos_token")!.Value.Text("content"),
        _ => root.Text("bos_token"),
    };
}
