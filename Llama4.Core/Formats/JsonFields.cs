using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>An object of a JSON file, read field by field with ranges. A field that is null counts as missing.</summary>
/// <param name="file">For messages.</param>
/// <param name="path">Of the object, starting with $.</param>
internal readonly struct JsonFields(string file, string path, JsonElement element)
{
    static readonly JsonDocumentOptions options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    public string File => file;

    public JsonElement Element => element;

    /// <summary>Parses the file at <paramref name="path"/>, whose root must be an object. Who calls disposes the document.</summary>
    public static JsonDocument Parse(string path, int limit) => Parse(path, "", ModelFile.ReadAll(path, limit));

    /// <param name="place">Where in the file the text stands; empty if it is the whole file.</param>
    public static JsonDocument Parse(string file, string place, ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        try
        {
            JsonDocument document = JsonDocument.Parse(utf8, options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            JsonValueKind kind = document.RootElement.ValueKind;
            document.Dispose();
            throw new ModelFormatException(file, place + "$", $"is {kind}, expected an object");
        }
        catch (JsonException e)
        {
            throw new ModelFormatException(file, $"{place}line {e.LineNumber + 1}, byte {e.BytePositionInLine}",
                $"is not valid JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // What the parser throws for a name with half a surrogate pair.
            throw new ModelFormatException(file, place + "$", $"is not valid JSON: {e.Message}", e);
        }
    }

    public bool Has(string name) => Find(name) is not null;

    public JsonFields? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonFields(file, Place(name), value)
        : throw Wrong(name, value, "an object");

    public int Int(string name, int min, int max, int? missing = null)
    {
        if (Find(name) is not { } value) return missing ?? throw new ModelFormatException(file, Place(name), "is missing");
        return ToInt(Place(name), value, min, max);
    }

    public float Float(string name, double min, double max, double? missing = null)
    {
        if (Find(name) is not { } value) return (float)(missing ?? throw new ModelFormatException(file, Place(name), "is missing"));
        if (value.ValueKind != JsonValueKind.Number) throw Wrong(name, value, "a number");
        double number = value.GetDouble();
        if (!(number >= min && number <= max)) throw Wrong(name, value, $"a number from {min} to {max}");
        return (float)number;
    }

    /// <summary>True, false, or a number: 0 is false.</summary>
    public bool Flag(string name, bool missing) => Find(name) is not { } value ? missing : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => value.GetDouble() != 0,
        _ => throw Wrong(name, value, "true or false"),
    };

    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? ToText(Place(name), value)
        : throw Wrong(name, value, "a string");

    /// <summary>A list of whole numbers, or one number; null if missing.</summary>
    public int[]? Ints(string name, int min, int max, int maxCount)
    {
        if (Find(name) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number) return [ToInt(Place(name), value, min, max)];
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(name, value, "a list of whole numbers");
        int count = value.GetArrayLength();
        if (count > maxCount) throw new ModelFormatException(file, Place(name), $"has {count} entries, limit {maxCount}");
        var numbers = new int[count];
        for (int i = 0; i < count; i++) numbers[i] = ToInt($"{Place(name)}[{i}]", value[i], min, max);
        return numbers;
    }

    /// <summary>The field, unless it is missing or null.</summary>
    public JsonElement? Find(string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string Place(string name) => $"{path}.{name}";

    public ModelFormatException Wrong(string name, JsonElement value, string expected) =>
        new(file, Place(name), $"is {Short(value)}, expected {expected}");

    /// <summary>The string, refused when it is not valid Unicode.</summary>
    public string ToText(string place, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new ModelFormatException(file, place, "is not valid Unicode", e);
        }
    }

    /// <summary>The property's name, refused when it is not valid Unicode.</summary>
    public string ToName(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new ModelFormatException(file, path, "a property's name is not valid Unicode", e);
        }
    }

    int ToInt(string place, JsonElement value, int min, int max)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= min && number <= max) return number;
        throw new ModelFormatException(file, place, $"is {Short(value)}, expected a whole number from {min} to {max}");
    }

    static string Short(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 60 ? text : text[..60] + "…";
    }
}
