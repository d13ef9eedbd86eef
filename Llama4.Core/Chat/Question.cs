using System.Text.Json.Nodes;

namespace Llama4.Core.Chat;

/// <summary>A conversation and the answer that a model is expected to give.</summary>
public sealed class Question
{
    readonly Func<IReadOnlyList<ChatMessage>> messages;

    internal Question(Func<IReadOnlyList<ChatMessage>> messages) => this.messages = messages;

    /// <summary>Where it stands in its list, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>The text up to the stop token.</summary>
    public required string Answer { get; init; }

    /// <summary>Empty where the list gives none.</summary>
    public string Category { get; init; } = "";

    public IReadOnlyList<JsonNode>? Tools { get; init; }

    /// <summary>The smallest gap between the two best logits on the reference's way to the answer.</summary>
    public double? Margin { get; init; }

    /// <summary>Length of the prompt, with its picture tokens.</summary>
    public int? PromptTokens { get; init; }

    /// <summary>Ids of the answer without the stop token.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>The messages, with their pictures decoded now.</summary>
    public IReadOnlyList<ChatMessage> LoadMessages() => messages();
}
