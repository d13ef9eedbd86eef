using System.Text.Json;
using System.Text.Json.Nodes;

namespace Llama4.Cli.Output;

/// <summary>Reads files of one JSON object a line. Complaints name file and line.</summary>
internal static class JsonLines
{
    /// <exception cref="UsageException">The file is missing, or a line is not a JSON object.</exception>
    public static IEnumerable<(int Number, JsonObject Entry)> Read(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file");
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line)) yield return (number, Parse(line, path, number));
        }
    }

    public static string Text(JsonObject entry, string name, string path, int number)
    {
        try
        {
            return entry[name] is JsonValue value && value.TryGetValue(out string? text)
                ? text : throw Wrong(path, number, $"\"{name}\" is not a string");
        }
        catch (InvalidOperationException e)
        {
            throw Wrong(path, number, $"\"{name}\" holds half of a character: {e.Message}");
        }
    }

    public static JsonArray Array(JsonObject entry, string name, string path, int number) =>
        entry[name] as JsonArray ?? throw Wrong(path, number, $"\"{name}\" is not a list");

    public static int Int(JsonNode? node, string path, int number) =>
        node is JsonValue value && value.TryGetValue(out int whole)
            ? whole : throw Wrong(path, number, $"{node?.ToJsonString() ?? "null"} is not a whole number");

    public static UsageException Wrong(string path, int number, string problem) => new($"{path}: line {number}: {problem}");

    static JsonObject Parse(string line, string path, int number)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject ?? throw Wrong(path, number, "is not a JSON object");
        }
        catch (JsonException e)
        {
            throw Wrong(path, number, $"is not valid JSON: {e.Message}");
        }
    }
}
