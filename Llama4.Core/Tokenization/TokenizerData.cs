namespace Llama4.Core.Tokenization;

/// <summary>A vocabulary as a file gives it, checked: what a tokenizer is made of.</summary>
public sealed record TokenizerData
{
    /// <summary>Bytes of each ordinary token, by id; a token's rank in merging is its id. Empty where the id is a control token or unused.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Tokens { get; init; }

    /// <summary>Control tokens: text → id.</summary>
    public required IReadOnlyDictionary<string, int> ControlTokens { get; init; }

    /// <summary>Id that starts a text, or -1.</summary>
    public int Begin { get; init; } = -1;
}
