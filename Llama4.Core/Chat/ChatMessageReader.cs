using System.Text.Json;
using System.Text.Json.Nodes;
using Llama4.Core.Images;

namespace Llama4.Core.Chat;

/// <summary>Messages as chat APIs write them in JSON.</summary>
static class ChatMessageReader
{
    /// <summary>More parts, messages or calls than any prompt can hold.</summary>
    const int mostItems = 100_000;

    /// <param name="image">Gives the picture that an image part names.</param>
    /// <exception cref="FormatException">What was found where, and what was expected.</exception>
    public static IReadOnlyList<ChatMessage> Read(JsonElement messages, Func<string, RgbImage> image) =>
        ReadArray(messages, "messages", (message, place) => ReadMessage(message, place, image));

    /// <summary>Function definitions: an array of objects.</summary>
    /// <exception cref="FormatException">What was found where, and what was expected.</exception>
    public static IReadOnlyList<JsonNode> ReadTools(JsonElement tools) =>
        ReadArray(tools, "tools", (tool, place) => (JsonNode)JsonObject.Create(Require(tool, place, JsonValueKind.Object))!);

    public static string ReadText(JsonElement parent, string place, string property) =>
        Require(Get(parent, place, property), $"{place}.{property}", JsonValueKind.String).GetString()!;

    /// <summary>The value of a property that must be there.</summary>
    public static JsonElement Get(JsonElement parent, string place, string property) =>
        Require(parent, place, JsonValueKind.Object).TryGetProperty(property, out JsonElement value)
            ? value
            : throw new FormatException($"{place}: no \"{property}\"");

    public static JsonElement Require(JsonElement value, string place, JsonValueKind kind) =>
        value.ValueKind == kind ? value : throw new FormatException($"{place}: expected {kind}, found {value.ValueKind}");

    static ChatMessage ReadMessage(JsonElement message, string place, Func<string, RgbImage> image)
    {
        string role = ReadText(message, place, "role");
        IReadOnlyList<ToolCall>? calls = message.TryGetProperty("tool_calls", out JsonElement list) && list.ValueKind != JsonValueKind.Null
            ? ReadArray(list, place + ".tool_calls", ReadCall)
            : null;
        JsonElement content = Get(message, place, "content");
        ChatMessage read = content.ValueKind switch
        {
            JsonValueKind.String => new ChatMessage(role, content.GetString()!),
            JsonValueKind.Null when calls is not null => new ChatMessage(role, ""),
            JsonValueKind.Array => new ChatMessage(role, ReadArray(content, place + ".content", (part, at) => ReadPart(part, at, image))),
            _ => throw new FormatException($"{place}.content: expected a string or an array, found {content.ValueKind}"),
        };
        return read with { ToolCalls = calls };
    }

    static ContentPart ReadPart(JsonElement part, string place, Func<string, RgbImage> image) => ReadText(part, place, "type") switch
    {
        "text" => new TextPart(ReadText(part, place, "text")),
        "image" => new ImagePart(image(ReadText(part, place, "image"))),
        string other => throw new FormatException($"{place}.type: \"{other}\" is neither text nor image"),
    };

    static ToolCall ReadCall(JsonElement call, string place)
    {
        JsonElement function = Get(call, place, "function");
        JsonNode? arguments = JsonNode.Parse(Get(function, place + ".function", "arguments").GetRawText());
        string? id = call.TryGetProperty("id", out _) ? ReadText(call, place, "id") : null;
        return new ToolCall(ReadText(function, place + ".function", "name"), arguments, id);
    }

    public static List<T> ReadArray<T>(JsonElement array, string place, Func<JsonElement, string, T> read)
    {
        int count = Require(array, place, JsonValueKind.Array).GetArrayLength();
        if (count > mostItems)
            throw new FormatException($"{place}: {count} items (at most {mostItems})");
        List<T> items = new(count);
        foreach (JsonElement item in array.EnumerateArray())
            items.Add(read(item, $"{place}[{items.Count}]"));
        return items;
    }
}
