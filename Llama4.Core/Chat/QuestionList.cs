using System.Text.Json;
using Llama4.Core.Images;

namespace Llama4.Core.Chat;

/// <summary>
/// Reads a question list: a JSON object a line with "messages" as chat APIs have them, "answer", and optionally "tools", "category",
/// "margin", "prompt_tokens" and "tokens". An image part, {"type": "image", "image": FILE}, names a file in the folder "images" beside the
/// list, or beside the list itself.
/// </summary>
public static class QuestionList
{
    const long mostBytes = 64 << 20;

    static readonly JsonDocumentOptions strict = new() { AllowDuplicateProperties = false };
    static readonly RgbImage unloaded = new(1, 1, new byte[3]);

    /// <param name="loadImage">Decodes the picture at a path; called by <see cref="Question.LoadMessages"/>.</param>
    /// <exception cref="InvalidRequestException">File, line and problem. All lines are checked, and that every picture exists.</exception>
    public static IReadOnlyList<Question> Read(string path, Func<string, RgbImage> loadImage)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new InvalidRequestException($"{path}: no such question list");
        if (file.Length > mostBytes)
            throw new InvalidRequestException($"{path}: {file.Length} bytes (a question list has at most {mostBytes})");
        List<Question> questions = [];
        int line = 0;
        foreach (string text in File.ReadLines(path))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            try
            {
                questions.Add(ReadLine(text, line, file.DirectoryName!, loadImage));
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new InvalidRequestException($"{path}:{line}: {e.Message}", e);
            }
        }
        return questions;
    }

    static Question ReadLine(string text, int line, string folder, Func<string, RgbImage> loadImage)
    {
        JsonElement root;
        using (JsonDocument document = JsonDocument.Parse(text, strict))
            root = document.RootElement.Clone();
        JsonElement messages = ChatMessageReader.Get(root, "question", "messages");
        ChatMessageReader.Read(messages, name => { Find(folder, name); return unloaded; });
        return new Question(() => ChatMessageReader.Read(messages, name => loadImage(Find(folder, name))))
        {
            Line = line,
            Answer = ChatMessageReader.ReadText(root, "question", "answer"),
            Category = root.TryGetProperty("category", out _) ? ChatMessageReader.ReadText(root, "question", "category") : "",
            Tools = root.TryGetProperty("tools", out JsonElement tools) ? ChatMessageReader.ReadTools(tools) : null,
            Margin = root.TryGetProperty("margin", out JsonElement margin) ? Number(margin, "margin").GetDouble() : null,
            PromptTokens = root.TryGetProperty("prompt_tokens", out JsonElement count) ? Whole(count, "prompt_tokens") : null,
            Tokens = root.TryGetProperty("tokens", out JsonElement tokens)
                ? ChatMessageReader.ReadArray(tokens, "tokens", Whole)
                : null,
        };
    }

    /// <summary>The path of a picture, which may not lead out of the list's folder.</summary>
    static string Find(string folder, string name)
    {
        if (name.Length == 0 || Path.IsPathRooted(name) || name.Contains('\0') || name.Split('/', '\\').Contains(".."))
            throw new FormatException($"image \"{name}\" is not a file beside the list");
        foreach (string candidate in new[] { Path.Combine(folder, "images", name), Path.Combine(folder, name) })
            if (File.Exists(candidate))
                return candidate;
        throw new FormatException($"image \"{name}\" is neither in {Path.Combine(folder, "images")} nor in {folder}");
    }

    static JsonElement Number(JsonElement value, string place) => ChatMessageReader.Require(value, place, JsonValueKind.Number);

    static int Whole(JsonElement value, string place) => Number(value, place).TryGetInt32(out int whole)
        ? whole
        : throw new FormatException($"{place}: {value.GetRawText()} is not a whole number of 32 bits");
}
