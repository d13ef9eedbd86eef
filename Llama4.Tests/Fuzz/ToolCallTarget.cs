using System.Text;
using System.Text.Json.Nodes;
using Llama4.Core.Chat;
using Llama4.Tests.Chat;

namespace Llama4.Tests.Fuzz;

/// <summary>An answer that may hold function calls: any text gives calls with named arguments, or itself as text.</summary>
static class ToolCallTarget
{
    public static FuzzTarget Target { get; } = new("tool-calls", Read, Seeds)
    {
        Words = FuzzTarget.Utf8("[", "]", "{", "}", "(", ")", ",", "=", ":", "'", "\"", "\"\"\"", "\\", "f(", "\"name\":", "\"parameters\":", "\"arguments\":", "None", "true",
            "1e9", "-.5", "\n", "<|eot|>", "<|python_start|>", "<function=f>", "</function>", "\\u00e9", ".call("),
    };

    static void Read(ReadOnlySpan<byte> input)
    {
        string answer = Encoding.UTF8.GetString(input);
        ParsedAnswer parsed = ToolCallParser.Parse(answer);
        if (parsed.ToolCalls.Count == 0 && parsed.Content != answer)
            throw new InvalidOperationException($"an answer without calls was changed: {parsed.Content}");
        foreach (ToolCall call in parsed.ToolCalls)
            if (call.Name.Length == 0 || call.Arguments is not JsonObject arguments || JsonNode.Parse(arguments.ToJsonString()) is not JsonObject)
                throw new InvalidOperationException($"no function call: {call}");
    }

    static IEnumerable<byte[]> Seeds()
    {
        foreach (TheoryDataRow<string, string, string[]> row in ToolCallParserTests.Answers())
            yield return Encoding.UTF8.GetBytes(row.Data.Item1);
    }
}
