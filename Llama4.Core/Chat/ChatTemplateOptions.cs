using System.Text.Json.Nodes;

namespace Llama4.Core.Chat;

/// <summary>What a chat template is told besides the messages.</summary>
public sealed record ChatTemplateOptions
{
    /// <summary>
    /// Names that <see cref="Variables"/> may give: switches and lists that known templates read. No name of the language is among them.
    /// </summary>
    public static IReadOnlySet<string> AllowedVariables { get; } = new HashSet<string>
    {
        "tools_in_user_message", "custom_tools", "builtin_tools", "documents", "enable_thinking", "thinking", "reasoning_effort",
    };

    /// <summary>Whether the prompt ends with the header of an answer.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Function definitions. An empty list is not the same as none.</summary>
    public IReadOnlyList<JsonNode>? Tools { get; init; }

    /// <summary>The date that a template may print; never the clock's.</summary>
    public string? DateString { get; init; }

    /// <summary>Further variables, of <see cref="AllowedVariables"/> only.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Variables { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>What a template that asks for the time is told.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
