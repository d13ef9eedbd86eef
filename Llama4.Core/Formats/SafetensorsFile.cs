using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>
/// The header of a safetensors file: 8 bytes length N (little-endian), N bytes of JSON that list name, type, shape and place of each
/// tensor, then the tensors without gap, overlap or tail.
/// </summary>
internal sealed class SafetensorsFile
{
    readonly string file;
    readonly long dataStart;
    readonly long dataBytes;
    readonly List<TensorInfo> tensors = [];
    readonly List<KeyValuePair<string, string>> metadata = [];

    SafetensorsFile(string file, long dataStart, long dataBytes)
    {
        this.file = file;
        this.dataStart = dataStart;
        this.dataBytes = dataBytes;
    }

    public IReadOnlyList<TensorInfo> Tensors => tensors;

    /// <summary>The strings under __metadata__.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata => metadata;

    public static SafetensorsFile Read(ModelFile file)
    {
        if (file.Length < 8) throw new ModelFormatException(file.Path, "byte 0", $"{file.Length} bytes, a header needs 8 at least");
        Span<byte> prefix = stackalloc byte[8];
        file.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > Limits.SafetensorsHeaderBytes)
            throw new ModelFormatException(file.Path, "byte 0", $"header of {length} bytes, limit {Limits.SafetensorsHeaderBytes}");
        if ((long)length > file.Length - 8)
            throw new ModelFormatException(file.Path, "byte 0", $"header of {length} bytes, but only {file.Length - 8} follow");
        var header = new byte[length];
        file.Read(8, header);
        if (!Utf8.IsValid(header)) throw new ModelFormatException(file.Path, "header", "is not UTF-8");

        long start = 8 + (long)length;
        var result = new SafetensorsFile(file.Path, start, file.Length - start);
        result.ReadHeader(header);
        result.CheckContiguous();
        return result;
    }

    void ReadHeader(ReadOnlySpan<byte> header)
    {
        var json = new JsonStream(file, "header", header);
        var names = new HashSet<string>();
        json.Read(JsonTokenType.StartObject, "the JSON value");
        while (json.Read() && json.Type == JsonTokenType.PropertyName)
        {
            string name = json.Text();
            if (!names.Add(name)) throw json.Fail($"is not valid JSON: {name} occurs twice");
            json.Place = name;
            json.Read(JsonTokenType.StartObject, "the entry");
            if (names.Count > Limits.Tensors) throw json.Fail($"more than {Limits.Tensors} entries");
            if (name == "__metadata__") ReadMetadata(ref json);
            else tensors.Add(ReadTensor(ref json, name));
            json.Place = "header";
        }
        if (json.Read()) throw json.Fail("is not valid JSON: something follows the object");
    }

    void ReadMetadata(ref JsonStream json)
    {
        while (json.Read() && json.Type == JsonTokenType.PropertyName)
        {
            string key = json.Text();
            json.Read();
            if (json.Type != JsonTokenType.String)
                throw json.Fail($"__metadata__.{key} is {JsonStream.Describe(json.Type)}, expected a string");
            metadata.Add(new(key, json.Text()));
        }
    }

    TensorInfo ReadTensor(ref JsonStream json, string name)
    {
        string? type = null;
        long[]? shape = null, place = null;
        while (json.Read() && json.Type == JsonTokenType.PropertyName)
        {
            bool isNew = true;
            if (json.Is("dtype"u8))
            {
                isNew = type is null;
                json.Read(JsonTokenType.String, "dtype");
                type = TypeName(ref json);
            }
            else if (json.Is("shape"u8))
            {
                isNew = shape is null;
                shape = ReadNumbers(ref json, "shape", Limits.SafetensorsRank);
            }
            else if (json.Is("data_offsets"u8))
            {
                isNew = place is null;
                place = ReadNumbers(ref json, "data_offsets", 2);
            }
            else json.Skip();
            if (!isNew) throw json.Fail($"is not valid JSON: a field occurs twice");
        }
        if (type is null || shape is null || place is null)
            throw new ModelFormatException(file, name, $"has no {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        return Check(name, type, shape, place);
    }

    /// <summary>The current string, without allocating for the usual ones.</summary>
    static string TypeName(ref JsonStream json) =>
        json.Is("BF16"u8) ? "BF16" : json.Is("F32"u8) ? "F32" : json.Is("F8_E4M3"u8) ? "F8_E4M3" : json.Text();

    static long[] ReadNumbers(ref JsonStream json, string field, int maxCount)
    {
        json.Read(JsonTokenType.StartArray, field);
        Span<long> numbers = stackalloc long[maxCount];
        int count = 0;
        while (json.Read() && json.Type != JsonTokenType.EndArray)
        {
            if (count == maxCount) throw json.Fail($"{field} has more than {maxCount} entries");
            numbers[count++] = json.Whole(0, long.MaxValue, field);
        }
        return numbers[..count].ToArray();
    }

    TensorInfo Check(string name, string type, long[] shape, long[] place)
    {
        Encoding encoding = EncodingOf(name, type);
        if (place.Length != 2) throw new ModelFormatException(file, $"{name}.data_offsets", $"has {place.Length} numbers, expected 2");
        if (place[0] > place[1] || place[1] > dataBytes)
            throw new ModelFormatException(file, $"{name}.data_offsets",
                $"[{place[0]}, {place[1]}] is no range within the {dataBytes} bytes of data");
        long bytes = encoding.BlockBytes();
        foreach (long dimension in shape)
        {
            // Once a dimension is 0 the product stays 0.
            if (dimension != 0 && bytes > long.MaxValue / dimension)
                throw new ModelFormatException(file, $"{name}.shape", $"[{string.Join(", ", shape)}] is more than 2^63 bytes");
            bytes *= dimension;
        }
        if (bytes != place[1] - place[0])
            throw new ModelFormatException(file, name,
                $"{type} [{string.Join(", ", shape)}] needs {bytes} bytes, "
                + $"data_offsets [{place[0]}, {place[1]}] hold {place[1] - place[0]}");
        return new TensorInfo(name, shape, encoding, file, dataStart + place[0], bytes);
    }

    Encoding EncodingOf(string name, string type) => type switch
    {
        "F32" => Encoding.F32,
        "F16" => Encoding.F16,
        "BF16" => Encoding.BF16,
        "F8_E4M3" => Encoding.F8E4M3,
        "I32" => Encoding.I32,
        "I64" => Encoding.I64,
        _ => throw new ModelFormatException(file, name, $"type {type} is not supported (supported: F32, F16, BF16, F8_E4M3, I32, I64)"),
    };

    void CheckContiguous()
    {
        var ordered = new List<TensorInfo>(tensors);
        ordered.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Bytes.CompareTo(b.Bytes));
        long end = dataStart;
        foreach (TensorInfo tensor in ordered)
        {
            if (tensor.Offset != end)
                throw new ModelFormatException(file, tensor.Name,
                    $"starts at data byte {tensor.Offset - dataStart}, the tensor before ends at {end - dataStart}: "
                    + (tensor.Offset < end ? "overlap" : "hole"));
            end = tensor.Offset + tensor.Bytes;
        }
        if (end != dataStart + dataBytes)
            throw new ModelFormatException(file, $"byte {end}",
                $"the last tensor ends here, but the file has {dataStart + dataBytes} bytes");
    }
}
