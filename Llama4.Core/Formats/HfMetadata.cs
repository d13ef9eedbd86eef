using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>
/// config.json as flat keys and values, for people. Long names, values and lists are cut short, so that no file makes much of them.
/// </summary>
internal static class HfMetadata
{
    const int Longest = 200, MostPairs = 2000;

    public static List<KeyValuePair<string, string>> Flatten(JsonFields root)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        Flatten(root, "", pairs);
        return pairs;
    }

    static void Flatten(JsonFields fields, string prefix, List<KeyValuePair<string, string>> pairs)
    {
        foreach (JsonProperty property in fields.Element.EnumerateObject())
        {
            if (pairs.Count == MostPairs) return;
            string name = fields.ToName(property);
            string path = Short(prefix + Short(name));
            JsonElement value = property.Value;
            if (value.ValueKind == JsonValueKind.Object) Flatten(new JsonFields(fields.File, "$." + path, value), path + ".", pairs);
            else if (value.ValueKind == JsonValueKind.String) pairs.Add(new(path, OneLine(fields.ToText("$." + path, value))));
            else pairs.Add(new(path, OneLine(value.GetRawText())));
        }
    }

    static string OneLine(string text) =>
        Short(string.Join(' ', text[..Math.Min(text.Length, 4 * Longest)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));

    static string Short(string text) => text.Length <= Longest ? text : text[..Longest] + "…";
}
