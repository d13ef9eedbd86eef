using System.Text.Json;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Configuration;

/// <summary>
/// The user's settings file: a JSON object whose keys are names of settings, such as {"model": "~/scout.gguf", "ctx": 8192,
/// "stop": ["END"]}. LLAMA4_CONFIG names another file.
/// </summary>
internal sealed class ConfigFile
{
    public const string Variable = "LLAMA4_CONFIG";
    const int LargestFile = 1 << 20;

    ConfigFile(string? path, bool exists, IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> entries)
    {
        Path = path;
        Exists = exists;
        Entries = entries;
    }

    /// <summary>Where the file is or would be; null where the system names no folder for it.</summary>
    public string? Path { get; }

    public bool Exists { get; }

    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Entries { get; }

    /// <exception cref="UsageException">The file is not what it should be, or the named one is missing.</exception>
    public static ConfigFile Read(Terminal terminal)
    {
        string? named = terminal.Variables.GetValueOrDefault(Variable);
        string? path = !string.IsNullOrEmpty(named) ? terminal.FullPath(named)
            : terminal.SettingsFolder.Length > 0 ? System.IO.Path.Combine(terminal.SettingsFolder, "llama4", "config.json") : null;
        if (path is null || !File.Exists(path))
        {
            if (!string.IsNullOrEmpty(named)) throw new UsageException($"{Variable}: there is no file {path}");
            return new ConfigFile(path, false, []);
        }
        long length = new FileInfo(path).Length;
        if (length > LargestFile) throw new UsageException($"{path}: {length} bytes are too long for a config file, at most {LargestFile}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                AllowDuplicateProperties = false,
                CommentHandling = JsonCommentHandling.Skip,
            });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new UsageException($"{path}: expected a JSON object, found {root.ValueKind}");
            return new ConfigFile(path, true, [.. root.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, Texts(path, entry)))]);
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path}: not valid JSON: {e.Message}");
        }
    }

    static IReadOnlyList<string> Texts(string path, JsonProperty entry) => entry.Value.ValueKind switch
    {
        JsonValueKind.Array => [.. entry.Value.EnumerateArray().Select(element => Text(path, entry.Name, element))],
        _ => [Text(path, entry.Name, entry.Value)],
    };

    static string Text(string path, string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new UsageException($"{path}: {name}: expected a string, a number, true or false, found {value.ValueKind}"),
    };
}
