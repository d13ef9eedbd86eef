using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>config.json as flat keys and values, for people.</summary>
internal static class HfMetadata
{
    const int LongestValue = 200;

    public static IEnumerable<KeyValuePair<string, string>> Flatten(JsonFields root) => Flatten(root, "");

    static IEnumerable<KeyValuePair<string, string>> Flatten(JsonFields fields, string prefix)
    {
        foreach (JsonProperty property in fields.Element.EnumerateObject())
        {
            string name = fields.ToName(property);
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                foreach (var pair in Flatten(fields.Object(name)!.Value, $"{prefix}{name}.")) yield return pair;
                continue;
            }
            string value = property.Value.ValueKind == JsonValueKind.String ? fields.Text(name)! : property.Value.GetRawText();
            value = string.Join(' ', value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            yield return new(prefix + name, value.Length <= LongestValue ? value : value[..LongestValue] + "…");
        }
    }
}
