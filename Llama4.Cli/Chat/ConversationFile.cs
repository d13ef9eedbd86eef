using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llama4.Cli.Output;
using Llama4.Core.Chat;
using Llama4.Core.Images;

namespace Llama4.Cli.Chat;

/// <summary>
/// A conversation as JSON: {"messages": [{"role", "content"}, …]}, content a text or a list of {"type": "text", "text"} and
/// {"type": "image", "image": PATH}, the path relative to the file.
/// </summary>
internal static class ConversationFile
{
    const long LargestFile = 64 << 20;

    /// <summary>Writes beside the target and renames, so that a file that is there survives a failure.</summary>
    public static void Save(Conversation conversation, string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        var document = new JsonObject
        {
            ["messages"] = new JsonArray([.. conversation.Messages.Select(message => (JsonNode)new JsonObject
            {
                ["role"] = message.Role,
                ["content"] = Content(message, conversation, folder),
            })]),
        };
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, JsonOutput.Text(document) + "\n", new UTF8Encoding(false));
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <exception cref="UsageException">The file is missing or not a conversation; the conversation is as before.</exception>
    public static void Load(Conversation conversation, string path)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file");
        long length = new FileInfo(path).Length;
        if (length > LargestFile) throw new UsageException($"{path}: {length} bytes, at most {LargestFile}");
        try
        {
            JsonNode? root = JsonNode.Parse(File.ReadAllText(path));
            JsonArray list = root as JsonArray ?? (root as JsonObject)?["messages"] as JsonArray
                ?? throw new UsageException($"{path}: has no list \"messages\"");
            var pictures = new Dictionary<RgbImage, string>(ReferenceEqualityComparer.Instance);
            List<ChatMessage> messages = [.. list.Select((node, i) => Message(node, path, $"messages[{i}]", pictures))];
            string? system = null;
            if (messages.Count > 0 && messages[0].Role == "system")
            {
                system = string.Concat(messages[0].Content.OfType<TextPart>().Select(part => part.Text));
                messages.RemoveAt(0);
            }
            conversation.Replace(system, messages, pictures);
        }
        // The second: a text with half of a surrogate pair.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new UsageException($"{path}: not valid JSON: {e.Message}");
        }
    }

    static JsonNode Content(ChatMessage message, Conversation conversation, string folder)
    {
        if (message.IsPlainText) return message.Content.OfType<TextPart>().Single().Text;
        return new JsonArray([.. message.Content.Select(part => (JsonNode)(part switch
        {
            TextPart text => new JsonObject { ["type"] = "text", ["text"] = text.Text },
            ImagePart image => new JsonObject { ["type"] = "image", ["image"] = Path.GetRelativePath(folder, conversation.PathOf(image.Image)) },
            _ => throw new ArgumentException($"a part of type {part.GetType().Name}", nameof(message)),
        }))]);
    }

    static ChatMessage Message(JsonNode? node, string path, string place, Dictionary<RgbImage, string> pictures)
    {
        string role = Text(node, "role", path, place);
        if (role is not ("system" or "user" or "assistant"))
            throw new UsageException($"{path}: {place}.role: '{OneLine.Of(role, 40)}' is neither system, user nor assistant");
        return (node as JsonObject)?["content"] switch
        {
            JsonValue => new ChatMessage(role, Text(node, "content", path, place)),
            JsonArray parts => new ChatMessage(role, [.. parts.Select((part, i) => Part(part, path, $"{place}.content[{i}]", pictures))]),
            _ => throw new UsageException($"{path}: {place}.content: expected a text or a list of parts"),
        };
    }

    static ContentPart Part(JsonNode? part, string path, string place, Dictionary<RgbImage, string> pictures)
    {
        string type = Text(part, "type", path, place);
        if (type == "text") return new TextPart(Text(part, "text", path, place));
        if (type != "image") throw new UsageException($"{path}: {place}.type: '{OneLine.Of(type, 40)}' is neither text nor image");
        PictureFile picture = PictureFile.Load(Path.GetFullPath(Text(part, "image", path, place), Path.GetDirectoryName(path)!));
        pictures[picture.Image] = picture.Path;
        return new ImagePart(picture.Image);
    }

    static string Text(JsonNode? node, string name, string path, string place) =>
        (node as JsonObject)?[name] is JsonValue value && value.TryGetValue(out string? text) ? text
            : throw new UsageException($"{path}: {place}: no text \"{name}\"");
}
