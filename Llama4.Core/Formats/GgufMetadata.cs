using System.Buffers.Binary;
using System.Globalization;
using Text = System.Text.Encoding;

namespace Llama4.Core.Formats;

/// <summary>The key–value part of a GGUF file: where each value lies, decoded when asked for, with ranges.</summary>
internal sealed class GgufMetadata(string file)
{
    /// <param name="Type">Of the value, or of the elements.</param>
    /// <param name="Count">-1 for a single value.</param>
    /// <param name="Start">Index of the first byte.</param>
    readonly record struct Value(GgufValueType Type, int Count, int Start);

    const int LongestDescription = 200;

    readonly Dictionary<string, Value> values = [];
    byte[] bytes = [];

    public string File => file;

    public IEnumerable<string> Keys => values.Keys;

    /// <summary>Reads <paramref name="count"/> pairs.</summary>
    public static GgufMetadata Read(string file, GgufHeaderReader header, int count)
    {
        var metadata = new GgufMetadata(file);
        for (int i = 0; i < count; i++)
        {
            header.Context = $"key {i}";
            string key = Text.UTF8.GetString(header.String(Limits.GgufKeyBytes));
            if (key.Length == 0) throw header.Fail("is empty");
            header.Context = $"key {key}";
            if (metadata.values.ContainsKey(key)) throw header.Fail("occurs twice");
            metadata.values.Add(key, ReadValue(header));
        }
        metadata.bytes = header.Bytes;
        return metadata;
    }

    public bool Has(string key) => values.ContainsKey(key);

    public int Int(string key, int min, int max, int? missing = null)
    {
        if (!values.TryGetValue(key, out Value value)) return missing ?? throw Missing(key);
        decimal number = value.Count < 0 ? WholeNumber(key, value.Type, value.Start) : throw Wrong(key, value, "a whole number");
        return number >= min && number <= max ? (int)number
            : throw new ModelFormatException(file, key, $"is {number}, expected {min} to {max}");
    }

    public float Float(string key, double min, double max, double? missing = null)
    {
        if (!values.TryGetValue(key, out Value value)) return (float)(missing ?? throw Missing(key));
        if (value.Count >= 0 || value.Type is not (GgufValueType.Float32 or GgufValueType.Float64))
            throw Wrong(key, value, "a floating-point number");
        double number = FloatAt(value, 0);
        return number >= min && number <= max ? (float)number
            : throw new ModelFormatException(file, key, $"is {number.ToString(CultureInfo.InvariantCulture)}, expected {min} to {max}");
    }

    public bool Flag(string key, bool missing)
    {
        if (!values.TryGetValue(key, out Value value)) return missing;
        return value is { Count: < 0, Type: GgufValueType.Bool } ? bytes[value.Start] != 0 : throw Wrong(key, value, "true or false");
    }

    /// <summary>A string; null if missing.</summary>
    /// <param name="limit">Most bytes.</param>
    public string? String(string key, int limit = Limits.GgufSettingBytes)
    {
        if (!values.TryGetValue(key, out Value value)) return null;
        if (value is not { Count: < 0, Type: GgufValueType.String }) throw Wrong(key, value, "a string");
        ReadOnlySpan<byte> text = StringAt(value.Start);
        return text.Length <= limit ? Text.UTF8.GetString(text)
            : throw new ModelFormatException(file, key, $"has {text.Length} bytes, limit {limit}");
    }

    public bool IsUInt32(string key) => values[key] is { Count: < 0, Type: GgufValueType.UInt32 };

    public bool IsArray(string key) => values.TryGetValue(key, out Value value) && value.Count >= 0;

    /// <summary>Elements of an array, or null if it is missing.</summary>
    public int? ArrayLength(string key)
    {
        if (!values.TryGetValue(key, out Value value)) return null;
        return value.Count >= 0 ? value.Count : throw Wrong(key, value, "an array");
    }

    /// <summary>An array of whole numbers or truth values; null if missing.</summary>
    public int[]? Ints(string key, int min, int max, int maxCount)
    {
        if (ArrayLength(key) is not { } count) return null;
        if (count > maxCount) throw new ModelFormatException(file, key, $"has {count} entries, limit {maxCount}");
        Value value = values[key];
        var numbers = new int[count];
        for (int i = 0; i < count; i++)
        {
            decimal number = WholeNumber(key, value.Type, value.Start + i * Size(value.Type));
            if (number < min || number > max) throw new ModelFormatException(file, $"{key}[{i}]", $"is {number}, expected {min} to {max}");
            numbers[i] = (int)number;
        }
        return numbers;
    }

    /// <summary>An array of floating-point numbers; null if missing.</summary>
    public double[]? Floats(string key, int maxCount)
    {
        if (ArrayLength(key) is not { } count) return null;
        if (count > maxCount) throw new ModelFormatException(file, key, $"has {count} entries, limit {maxCount}");
        Value value = values[key];
        if (value.Type is not (GgufValueType.Float32 or GgufValueType.Float64)) throw Wrong(key, value, "floating-point numbers");
        var numbers = new double[count];
        for (int i = 0; i < count; i++) numbers[i] = FloatAt(value, i);
        return numbers;
    }

    /// <summary>Walks an array of strings.</summary>
    public GgufStrings Strings(string key)
    {
        if (!values.TryGetValue(key, out Value value)) throw Missing(key);
        return value is { Count: >= 0, Type: GgufValueType.String }
            ? new GgufStrings(bytes, value.Start, value.Count) : throw Wrong(key, value, "an array of strings");
    }

    /// <summary>A value as text for people: long ones cut short.</summary>
    public string Describe(string key)
    {
        const int shown = 4;
        Value value = values[key];
        string text;
        if (value.Count < 0) text = One(value.Type, value.Start);
        else
        {
            var elements = new List<string>();
            if (value.Type == GgufValueType.String)
                foreach (ReadOnlySpan<byte> element in new GgufStrings(bytes, value.Start, Math.Min(value.Count, shown)))
                    elements.Add(Start(element));
            else
                for (int i = 0; i < Math.Min(value.Count, shown); i++) elements.Add(One(value.Type, value.Start + i * Size(value.Type)));
            text = $"{value.Count} × {value.Type}: {string.Join(", ", elements)}{(value.Count > shown ? ", …" : "")}";
        }
        return text.Length <= LongestDescription ? text : text[..LongestDescription] + "…";
    }

    /// <summary>The start of a string: more characters than are shown.</summary>
    static string Start(ReadOnlySpan<byte> utf8) => Text.UTF8.GetString(utf8[..Math.Min(utf8.Length, 4 * LongestDescription + 4)]);

    static Value ReadValue(GgufHeaderReader header)
    {
        GgufValueType type = ReadType(header);
        if (type != GgufValueType.Array) return new Value(type, -1, Skip(header, type, 1));
        type = ReadType(header);
        if (type == GgufValueType.Array) throw header.Fail("is an array of arrays, which is not supported");
        int count = header.Count("elements", type == GgufValueType.String ? 8 : Size(type), Limits.GgufLength);
        return new Value(type, count, Skip(header, type, count));
    }

    static GgufValueType ReadType(GgufHeaderReader header)
    {
        uint type = header.UInt32();
        return type <= (uint)GgufValueType.Float64 ? (GgufValueType)type : throw header.Fail($"value type {type}, expected 0 to 12");
    }

    /// <summary>Passes over values and checks them; returns where they start.</summary>
    static int Skip(GgufHeaderReader header, GgufValueType type, int count)
    {
        int start = header.Position;
        if (type == GgufValueType.String)
            for (int i = 0; i < count; i++) header.String(Limits.GgufLength);
        else
        {
            long size = (long)count * Size(type);
            if (size > Limits.GgufHeaderBytes) throw header.Fail($"{size} bytes, limit {Limits.GgufHeaderBytes}");
            ReadOnlySpan<byte> content = header.Take((int)size);
            if (type == GgufValueType.Bool && content.IndexOfAnyExcept((byte)0, (byte)1) >= 0)
                throw header.Fail("a truth value is neither 0 nor 1");
        }
        return start;
    }

    static int Size(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };

    decimal WholeNumber(string key, GgufValueType type, int start)
    {
        ReadOnlySpan<byte> at = bytes.AsSpan(start);
        return type switch
        {
            GgufValueType.UInt8 or GgufValueType.Bool => at[0],
            GgufValueType.Int8 => (sbyte)at[0],
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(at),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(at),
            GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(at),
            GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
            _ => throw new ModelFormatException(file, key, $"is {type}, expected a whole number"),
        };
    }

    double FloatAt(Value value, int index) => value.Type == GgufValueType.Float32
        ? BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(value.Start + 4 * index))
        : BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(value.Start + 8 * index));

    ReadOnlySpan<byte> StringAt(int start) => bytes.AsSpan(start + 8, (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(start)));

    string One(GgufValueType type, int start) => type switch
    {
        GgufValueType.String => Start(StringAt(start)),
        GgufValueType.Bool => bytes[start] != 0 ? "true" : "false",
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(start)).ToString(CultureInfo.InvariantCulture),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(start)).ToString(CultureInfo.InvariantCulture),
        _ => WholeNumber("", type, start).ToString(CultureInfo.InvariantCulture),
    };

    ModelFormatException Missing(string key) => new(file, key, "this key is missing");

    ModelFormatException Wrong(string key, Value value, string expected) =>
        new(file, key, $"is {(value.Count >= 0 ? "an array of " : "")}{value.Type}, expected {expected}");
}
