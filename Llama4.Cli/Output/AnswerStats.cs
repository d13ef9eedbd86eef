using System.Text.Json.Nodes;
using Llama4.Cli.Interaction;
using Llama4.Core.Generation;

namespace Llama4.Cli.Output;

/// <summary>What an answer took.</summary>
internal static class AnswerStats
{
    /// <summary>One line for standard error.</summary>
    public static void Write(Completion answer, Terminal terminal)
    {
        int computed = answer.PromptTokens - answer.CachedTokens;
        string cached = answer.CachedTokens > 0 ? $" ({answer.CachedTokens} cached)" : "";
        string end = answer.FinishReason == FinishReason.Length ? ", cut by a limit" : "";
        string line = $"[prompt {answer.PromptTokens} tokens{cached}, {Units.Rate(computed, answer.PrefillTime)} | answer {answer.CompletionTokens} tokens, "
            + $"{Units.Rate(answer.CompletionTokens - 1, answer.DecodeTime)}{end} | first {Units.Time(answer.QueueTime + answer.PrefillTime)}]";
        terminal.RawError.WriteLine(terminal.StyleError ? $"\e[2m{line}\e[0m" : line);
    }

    /// <summary>An answer for --json. Names and meanings stay; new ones may come.</summary>
    public static JsonObject Json(Completion answer, string model) => new()
    {
        ["model"] = model,
        ["text"] = answer.Text,
        ["finish_reason"] = answer.FinishReason switch
        {
            FinishReason.Stop => "stop",
            FinishReason.Length => "length",
            FinishReason.ToolCalls => "tool_calls",
            _ => throw new ArgumentOutOfRangeException(nameof(answer), answer.FinishReason, "not a reason"),
        },
        ["stop_string"] = answer.StopString,
        ["seed"] = answer.Seed,
        ["usage"] = new JsonObject
        {
            ["prompt_tokens"] = answer.PromptTokens,
            ["cached_tokens"] = answer.CachedTokens,
            ["completion_tokens"] = answer.CompletionTokens,
        },
        ["timings"] = new JsonObject
        {
            ["queue_seconds"] = Math.Round(answer.QueueTime.TotalSeconds, 6),
            ["prefill_seconds"] = Math.Round(answer.PrefillTime.TotalSeconds, 6),
            ["decode_seconds"] = Math.Round(answer.DecodeTime.TotalSeconds, 6),
        },
    };
}
