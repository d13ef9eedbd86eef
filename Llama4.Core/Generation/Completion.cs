using Llama4.Core.Chat;

namespace Llama4.Core.Generation;

/// <summary>A whole answer, with what it took.</summary>
public sealed record Completion
{
    public required string Text { get; init; }

    public required FinishReason FinishReason { get; init; }

    /// <summary>The stop string that ended the answer; it is not part of the text.</summary>
    public string? StopString { get; init; }

    /// <summary>Functions that the answer calls; only looked for where the request named functions.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>Ids of the answer without the end token.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Tokens of the prompt, those of its images included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that the cache still held from an earlier request.</summary>
    public required int CachedTokens { get; init; }

    /// <summary>Tokens computed for the answer, the end token included.</summary>
    public required int CompletionTokens { get; init; }

    /// <summary>The seed used: the same request with this seed gives the same answer.</summary>
    public required ulong Seed { get; init; }

    /// <summary>From the request's arrival to its first work.</summary>
    public required TimeSpan QueueTime { get; init; }

    /// <summary>From then to the first token, images included.</summary>
    public required TimeSpan PrefillTime { get; init; }

    /// <summary>From the first token to the last.</summary>
    public required TimeSpan DecodeTime { get; init; }

    /// <summary>The text before the calls; all of it where there are none.</summary>
    public string Content => content ?? Text;

    string? content;

    /// <summary>The same answer with its function calls found. One that was cut short has none.</summary>
    internal Completion WithToolCalls()
    {
        ParsedAnswer parsed = ToolCallParser.Parse(Text);
        if (FinishReason != FinishReason.Stop || parsed.ToolCalls.Count == 0) return this;
        return this with { FinishReason = FinishReason.ToolCalls, ToolCalls = parsed.ToolCalls, content = parsed.Content };
    }

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}
