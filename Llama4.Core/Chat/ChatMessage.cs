using System.Text.Json.Nodes;
using Llama4.Core.Images;

namespace Llama4.Core.Chat;

/// <summary>A piece of a message. Texts and images can stand for parts as they are.</summary>
public abstract record ContentPart
{
    public static implicit operator ContentPart(string text) => new TextPart(text);

    public static implicit operator ContentPart(RgbImage image) => new ImagePart(image);
}

public sealed record TextPart(string Text) : ContentPart;

public sealed record ImagePart(RgbImage Image) : ContentPart;

/// <summary>A function call by the assistant.</summary>
/// <param name="Arguments">Usually a JSON object.</param>
public sealed record ToolCall(string Name, JsonNode? Arguments, string? Id = null);

/// <summary>A message of a conversation.</summary>
/// <param name="Role">system, user, assistant, tool or ipython.</param>
public sealed record ChatMessage(string Role, IReadOnlyList<ContentPart> Content)
{
    public ChatMessage(string role, string text) : this(role, [new TextPart(text)]) => IsPlainText = true;

    /// <summary>Whether templates see the content as one string rather than a list of parts.</summary>
    public bool IsPlainText { get; init; }

    /// <summary>Present on assistant messages that call functions; an empty list is not the same as none.</summary>
    public IReadOnlyList<ToolCall>? ToolCalls { get; init; }

    public static ChatMessage System(string text) => new("system", text);

    public static ChatMessage User(string text) => new("user", text);

    public static ChatMessage User(params IReadOnlyList<ContentPart> parts) => new("user", parts);

    public static ChatMessage Assistant(string text) => new("assistant", text);
}
