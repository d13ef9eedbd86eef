using System.Text.Json.Nodes;
using Llama4.Cli.Output;

namespace Llama4.Cli.Configuration;

/// <summary>What --print-config shows: every setting, its value and the place it comes from. Values that look like secrets are hidden.</summary>
internal static class ConfigReport
{
    const string Hidden = "(hidden)";

    static readonly string[] secretWords = ["key", "token", "secret", "password", "passwd", "credential", "auth"];

    public static string Text(SettingValues values)
    {
        var table = new TextTable("setting", "value", "from");
        foreach (Setting setting in SettingList.All)
        {
            SettingValue? value = values.Find(setting);
            table.Add(setting.Name, value is null ? "" : string.Join(" | ", value.Texts), value?.Source ?? "not set");
        }
        foreach ((string source, string name, string text) in values.Unknown)
            table.Add(name, IsSecret(name) ? Hidden : text, $"{source}, not used");
        return $"config file: {FileState(values.File)}\n{table}";
    }

    public static JsonObject Json(SettingValues values) => new()
    {
        ["config_file"] = values.File.Path,
        ["config_file_exists"] = values.File.Exists,
        ["settings"] = new JsonObject(SettingList.All.Select(setting => KeyValuePair.Create(setting.Name, Entry(values.Find(setting))))),
        ["unused"] = new JsonArray([.. values.Unknown.Select(entry => (JsonNode)new JsonObject
        {
            ["name"] = entry.Name,
            ["value"] = IsSecret(entry.Name) ? Hidden : entry.Text,
            ["from"] = entry.Source,
        })]),
    };

    static JsonNode? Entry(SettingValue? value) => value is null ? null : new JsonObject
    {
        ["value"] = value.Setting.IsList ? new JsonArray([.. value.Texts.Select(text => (JsonNode)text)]) : value.Texts[0],
        ["from"] = value.Source,
    };

    static string FileState(ConfigFile file) =>
        file.Path is null ? "none: the system names no folder for it" : file.Exists ? file.Path : $"{file.Path} (not there)";

    /// <summary>Names under which programs keep credentials. No setting of today is one; a shared file or environment may hold some.</summary>
    static bool IsSecret(string name) =>
        secretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
}
