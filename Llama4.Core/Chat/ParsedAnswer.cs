namespace Llama4.Core.Chat;

/// <summary>An answer taken apart.</summary>
/// <param name="Content">The text before the calls; the whole answer, unchanged, where there are none.</param>
public readonly record struct ParsedAnswer(string Content, IReadOnlyList<ToolCall> ToolCalls);
