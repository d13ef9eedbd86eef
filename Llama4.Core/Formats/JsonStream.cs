using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>
/// JSON read in one pass, for the large files: a parsed document would take ten times the memory of its text. Everything that is wrong
/// becomes a <see cref="ModelFormatException"/>.
/// </summary>
/// <param name="place">Where in the file the text stands, for messages.</param>
internal ref struct JsonStream(string file, string place, ReadOnlySpan<byte> utf8)
{
    /// <summary>Bytes of a text as it stands in the file, with escapes; longer ones are refused.</summary>
    const int LongestText = 1 << 16;

    Utf8JsonReader reader = new(utf8, new JsonReaderOptions { MaxDepth = 64 });

    /// <summary>Where in the file the text stands, for messages.</summary>
    public string Place { get; set; } = place;

    public readonly JsonTokenType Type => reader.TokenType;

    /// <summary>Byte after the current token, from the start of the text.</summary>
    public readonly long Position => reader.BytesConsumed;

    /// <summary>First byte of the current token.</summary>
    public readonly long TokenStart => reader.TokenStartIndex;

    /// <summary>Goes to the next token; false at the end.</summary>
    public bool Read()
    {
        try
        {
            return reader.Read();
        }
        catch (JsonException e)
        {
            throw Invalid(e);
        }
    }

    /// <summary>Goes to the next token, which must be of this type.</summary>
    /// <param name="what">What it is, for messages.</param>
    public void Read(JsonTokenType type, string what)
    {
        Read();
        if (reader.TokenType != type) throw Fail($"{what} is {Describe(reader.TokenType)}, expected {Describe(type)}");
    }

    /// <summary>Whether the current name or string is this one.</summary>
    public readonly bool Is(ReadOnlySpan<byte> text) => reader.ValueTextEquals(text);

    /// <summary>Goes to the end of the value whose first token this is, or whose name.</summary>
    public void Skip()
    {
        try
        {
            reader.Skip();
        }
        catch (JsonException e)
        {
            throw Invalid(e);
        }
    }

    /// <summary>The current name or string.</summary>
    public readonly string Text()
    {
        if (!IsText) throw Fail($"is {Describe(reader.TokenType)}, expected a string");
        if (reader.ValueSpan.Length > LongestText) throw Fail($"a text of {reader.ValueSpan.Length} bytes, limit {LongestText}");
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new ModelFormatException(file, Here, "is not valid Unicode", e);
        }
    }

    /// <summary>The current name or string as UTF-8, in <paramref name="buffer"/> if it has escapes.</summary>
    /// <param name="fits">False: it is longer than the buffer, and comes as it stands.</param>
    public readonly ReadOnlySpan<byte> Utf8Text(Span<byte> buffer, out bool fits)
    {
        if (!IsText) throw Fail($"is {Describe(reader.TokenType)}, expected a string");
        fits = reader.ValueSpan.Length <= buffer.Length;
        if (!fits || !reader.ValueIsEscaped) return reader.ValueSpan;
        try
        {
            return buffer[..reader.CopyString(buffer)];
        }
        catch (InvalidOperationException e)
        {
            throw new ModelFormatException(file, Here, "is not valid Unicode", e);
        }
    }

    /// <summary>The current token as a whole number in the range.</summary>
    /// <param name="what">What it is, for messages.</param>
    public readonly long Whole(long min, long max, string what)
    {
        bool isNumber = reader.TokenType == JsonTokenType.Number;
        if (isNumber && reader.TryGetInt64(out long number) && number >= min && number <= max) return number;
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        string found = isNumber
            ? System.Text.Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, 60)]) : Describe(reader.TokenType);
        throw Fail($"{what} is {found}, expected a whole number from {min} to {max}");
    }

    public static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.None => "nothing",
        _ => type.ToString(),
    };

    public readonly ModelFormatException Fail(string problem) => new(file, Here, problem);

    readonly bool IsText => reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;

    readonly string Here => $"{Place}, byte {reader.TokenStartIndex}";

    readonly ModelFormatException Invalid(JsonException e) => new(file, Here, $"is not valid JSON: {e.Message}", e);

    /// <summary>The fields of an object as text each, found in one pass.</summary>
    public static Dictionary<string, ReadOnlyMemory<byte>> Fields(string file, string place, ReadOnlyMemory<byte> utf8)
    {
        var json = new JsonStream(file, place, utf8.Span);
        var fields = new Dictionary<string, ReadOnlyMemory<byte>>();
        json.Read(JsonTokenType.StartObject, "the JSON value");
        while (json.Read() && json.Type == JsonTokenType.PropertyName)
        {
            string name = json.Text();
            json.Read();
            int start = (int)json.TokenStart;
            json.Skip();
            if (fields.Count == Limits.JsonFields) throw json.Fail($"more than {Limits.JsonFields} fields");
            if (!fields.TryAdd(name, utf8[start..(int)json.Position]))
                throw new ModelFormatException(file, $"{place}.{name}", "is not valid JSON: occurs twice");
        }
        if (json.Read()) throw json.Fail("is not valid JSON: something follows the object");
        return fields;
    }
}
