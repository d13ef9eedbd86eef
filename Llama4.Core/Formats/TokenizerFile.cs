using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>A tokenizer without a model: tokenizer.json, or tokenizer.model with Llama 4's ranks.</summary>
public static class TokenizerFile
{
    /// <summary>Ids must be below this; the published vocabulary has 202,048.</summary>
    const int Vocabulary = 1 << 18;

    /// <summary>Whether the path names a file that <see cref="Read"/> takes, by its name.</summary>
    public static bool IsOne(string path) => IsJson(path) || Path.GetFileName(path).EndsWith("tokenizer.model", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads it. To 200,000 ranks the published control tokens are added, which tokenizer.model does not name.</summary>
    /// <exception cref="ModelFormatException">The file is missing or breaks a rule.</exception>
    public static TokenizerData Read(string path)
    {
        if (IsJson(path)) return ReadJson(new TokenizerJson(path));
        VocabularyBuilder builder = TiktokenFile.Read(path, Vocabulary);
        if (builder.Ordinary == PublishedControlTokens.FirstId)
            foreach ((string text, int id) in PublishedControlTokens.All) builder.AddControl(id, text, "published control tokens");
        return builder.Build(begin: -1, out _);
    }

    static TokenizerData ReadJson(TokenizerJson file)
    {
        TokenizerData data = file.ReadVocabulary(Vocabulary).Build(begin: -1, out TokenTable table);
        file.CheckMerges(table);
        return data;
    }

    static bool IsJson(string path) => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
}
