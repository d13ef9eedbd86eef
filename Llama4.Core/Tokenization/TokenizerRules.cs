namespace Llama4.Core.Tokenization;

/// <summary>What a tokenizer demands of its data, so that hostile files cost neither memory nor time.</summary>
internal static class TokenizerRules
{
    const string Source = "tokenizer";

    public static void Check(TokenizerData data)
    {
        if (data.Tokens.Count > Llama4Tokenizer.LargestVocabulary)
            throw new ModelFormatException(Source, "vocabulary", $"{data.Tokens.Count} tokens; expected at most {Llama4Tokenizer.LargestVocabulary}");
        long bytes = 0;
        for (int id = 0; id < data.Tokens.Count; id++) bytes += data.Tokens[id].Length;
        if (bytes > Llama4Tokenizer.LargestTokenBytes)
            throw new ModelFormatException(Source, "vocabulary", $"{bytes} bytes of tokens; expected at most {Llama4Tokenizer.LargestTokenBytes}");
        foreach ((string text, int id) in data.ControlTokens)
        {
            if (text.Length is 0 or > Llama4Tokenizer.LargestControlToken)
                throw new ModelFormatException(Source, $"control token {id}",
                    $"a text of {text.Length} characters; expected 1 to {Llama4Tokenizer.LargestControlToken}");
            CheckId(id, $"control token '{text}'");
        }
        if (data.Begin != -1) CheckId(data.Begin, "begin token");
    }

    /// <summary>Every text must be expressible: each of the 256 bytes is a token.</summary>
    public static void CheckSingleBytes(TokenTable tokens)
    {
        for (int value = 0; value < 256; value++)
            if (tokens.Find([(byte)value]) == TokenTable.None)
                throw new ModelFormatException(Source, $"byte 0x{value:X2}", "no token; expected one for every single byte");
    }

    static void CheckId(int id, string place)
    {
        if (id is < 0 or >= Llama4Tokenizer.LargestVocabulary)
            throw new ModelFormatException(Source, place, $"id {id}; expected 0 to {Llama4Tokenizer.LargestVocabulary - 1}");
    }
}
