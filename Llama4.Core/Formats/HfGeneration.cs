using System.Text.Json;
using Llama4.Core.Model;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>generation_config.json; without one, the end tokens of config.json.</summary>
internal static class HfGeneration
{
    /// <param name="configRoot">The root of config.json.</param>
    public static GenerationDefaults Read(string folder, JsonFields configRoot, TextConfig text, TokenizerData tokenizer, bool addBegin)
    {
        string path = Path.Combine(folder, "generation_config.json");
        if (!File.Exists(path))
        {
            JsonFields nested = configRoot.Object("text_config") ?? configRoot;
            return new GenerationDefaults { EndTokens = EndTokens(nested, text, tokenizer), AddBegin = addBegin };
        }
        using JsonDocument document = JsonFields.Parse(path, Limits.ConfigBytes);
        var c = new JsonFields(path, "$", document.RootElement);
        return new GenerationDefaults
        {
            EndTokens = EndTokens(c, text, tokenizer),
            AddBegin = addBegin,
            Sample = c.Flag("do_sample", false),
            Temperature = c.Has("temperature") ? c.Float("temperature", 0, Limits.Temperature) : null,
            TopP = c.Has("top_p") ? c.Float("top_p", 0, 1) : null,
            TopK = c.Has("top_k") ? c.Int("top_k", 0, text.Vocabulary) : null,
        };
    }

    static List<int> EndTokens(JsonFields c, TextConfig text, TokenizerData tokenizer) =>
        WithNamed(c.Ints("eos_token_id", 0, text.Vocabulary - 1, 64) ?? [], tokenizer);

    /// <summary>The given ids and those of the tokens that end an answer in every member of the family.</summary>
    public static List<int> WithNamed(IEnumerable<int> ids, TokenizerData tokenizer)
    {
        var ends = new List<int>(ids.Distinct());
        foreach (string name in (ReadOnlySpan<string>)["<|end_of_text|>", "<|eom|>", "<|eot|>"])
            if (tokenizer.ControlTokens.TryGetValue(name, out int id) && !ends.Contains(id)) ends.Add(id);
        return ends;
    }
}
