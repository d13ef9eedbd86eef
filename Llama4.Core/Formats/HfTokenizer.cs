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
        VocabularyBuilder builder = hasJson ? TokenizerJson.Read(json, vocabulary, warnings) : TiktokenFile.Read(ranks, vocabulary);
        using JsonDocument? document = File.Exists(settings) ? JsonFields.Parse(settings, Limits.ConfigBytes) : null;
        JsonFields? root = document is null ? null : new JsonFields(settings, "$", document.RootElement);
        if (!hasJson)
        {
            if (root?.Object("added_tokens_decoder") is { } list) AddControlTokens(list, builder);
            else if (builder.Ordinary == PublishedControlTokens.FirstId) AddPublished(builder, vocabulary);
        }
        if (root is not { } r) return (builder.Build(begin), true);
        if (BeginText(r) is { } text)
            begin = builder.FindControl(text)
                ?? throw new ModelFormatException(settings, "$.bos_token", $"is {text}, which is not among the control tokens");
        return (builder.Build(begin), r.Flag("add_bos_token", true));
    }

    static void AddPublished(VocabularyBuilder builder, int vocabulary)
    {
        foreach ((string text, int id) in PublishedControlTokens.All)
            if (id < vocabulary) builder.AddControl(id, text, () => "published control tokens");
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
            builder.AddControl(id, text, () => place);
        }
    }

    static string? BeginText(JsonFields root) => root.Find("bos_token") switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } => root.Object("bos_token")!.Value.Text("content"),
        _ => root.Text("bos_token"),
    };
}
