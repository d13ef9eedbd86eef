using System.Text;
using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>
/// The chat template of a checkpoint folder: a file of its own, or a field of one of the tokenizer's or processor's files.
/// </summary>
internal static class HfTemplate
{
    public static string? Read(string folder)
    {
        string path = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(path)) return Decode(path, ModelFile.ReadAll(path, Limits.TemplateBytes));
        foreach (string name in (ReadOnlySpan<string>)["tokenizer_config.json", "processor_config.json", "chat_template.json"])
        {
            path = Path.Combine(folder, name);
            if (!File.Exists(path)) continue;
            using JsonDocument document = JsonFields.Parse(path, Limits.ConfigBytes);
            if (Read(new JsonFields(path, "$", document.RootElement)) is { } template) return template;
        }
        return null;
    }

    /// <summary>chat_template as one string, or as a list of named ones, of which "default" is meant.</summary>
    static string? Read(JsonFields root)
    {
        if (root.Find("chat_template") is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String) return Check(root.File, root.Place("chat_template"), root.Text("chat_template")!);
        if (value.ValueKind != JsonValueKind.Array) throw root.Wrong("chat_template", value, "a string or a list of named templates");
        var names = new List<string>();
        for (int i = 0; i < value.GetArrayLength(); i++)
        {
            string place = $"{root.Place("chat_template")}[{i}]";
            if (value[i].ValueKind != JsonValueKind.Object) throw new ModelFormatException(root.File, place, "is not an object");
            var entry = new JsonFields(root.File, place, value[i]);
            names.Add(entry.Text("name") ?? throw new ModelFormatException(root.File, place, "has no name"));
            if (names[^1] == "default")
                return Check(root.File, place, entry.Text("template")
                    ?? throw new ModelFormatException(root.File, place, "has no template"));
        }
        throw new ModelFormatException(root.File, root.Place("chat_template"),
            $"has no template named default among {value.GetArrayLength()} ({string.Join(", ", names.Take(8))})");
    }

    public static string Check(string file, string place, string template)
    {
        int bytes = System.Text.Encoding.UTF8.GetByteCount(template);
        return bytes <= Limits.TemplateBytes ? template
            : throw new ModelFormatException(file, place, $"chat template of {bytes} bytes, limit {Limits.TemplateBytes}");
    }

    static string Decode(string path, byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFormatException(path, $"byte {e.Index}", "is not UTF-8", e);
        }
    }
}
