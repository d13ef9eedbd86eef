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
    SafetensorsFile(IReadOnlyList<TensorInfo> tensors, IReadOnlyList<KeyValuePair<string, string>> metadata)
    {
        Tensors = tensors;
        Metadata = metadata;
    }

    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The strings under __metadata__.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; }

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

        using JsonDocument document = JsonFields.Parse(file.Path, "header: ", header);
        var root = new JsonFields(file.Path, "$", document.RootElement);
        var tensors = new List<TensorInfo>();
        IReadOnlyList<KeyValuePair<string, string>> metadata = [];
        long dataStart = 8 + (long)length;
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            string name = root.ToName(property);
            if (name == "__metadata__") metadata = ReadMetadata(file.Path, property.Value);
            else tensors.Add(ReadTensor(file.Path, name, property.Value, dataStart, file.Length - dataStart));
        }
        CheckContiguous(file, tensors, dataStart);
        return new SafetensorsFile(tensors, metadata);
    }

    static List<KeyValuePair<string, string>> ReadMetadata(string file, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new ModelFormatException(file, "__metadata__", $"is {element.ValueKind}, expected an object");
        var fields = new JsonFields(file, "__metadata__", element);
        var metadata = new List<KeyValuePair<string, string>>();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name = fields.ToName(property);
            metadata.Add(new(name, fields.Text(name) ?? throw fields.Wrong(name, property.Value, "a string")));
        }
        return metadata;
    }

    static TensorInfo ReadTensor(string file, string name, JsonElement element, long dataStart, long dataBytes)
    {
        if (element.ValueKind != JsonValueKind.Object) throw new ModelFormatException(file, name, $"is {element.ValueKind}, expected an object");
        var fields = new JsonFields(file, name, element);
        string type = fields.Text("dtype") ?? throw new ModelFormatException(file, name, "has no dtype");
        Encoding encoding = EncodingOf(file, name, type);
        long[] shape = Longs(fields, "shape", Limits.SafetensorsRank);
        long[] place = Longs(fields, "data_offsets", 2);
        if (place.Length != 2) throw new ModelFormatException(file, $"{name}.data_offsets", $"has {place.Length} numbers, expected 2");
        if (place[0] > place[1] || place[1] > dataBytes)
            throw new ModelFormatException(file, $"{name}.data_offsets", $"[{place[0]}, {place[1]}] is no range within the {dataBytes} bytes of data");
        long bytes = encoding.BlockBytes();
        foreach (long dimension in shape)
        {
            // Once a dimension is 0 the product stays 0; everything else is bounded by the file.
            if (dimension != 0 && bytes > long.MaxValue / dimension)
                throw new ModelFormatException(file, $"{name}.shape", $"[{string.Join(", ", shape)}] is more than 2^63 bytes");
            bytes *= dimension;
        }
        if (bytes != place[1] - place[0])
            throw new ModelFormatException(file, name,
                $"{type} [{string.Join(", ", shape)}] needs {bytes} bytes, data_offsets [{place[0]}, {place[1]}] hold {place[1] - place[0]}");
        return new TensorInfo(name, shape, encoding, file, dataStart + place[0], bytes);
    }

    static Encoding EncodingOf(string file, string name, string type) => type switch
    {
        "F32" => Encoding.F32,
        "F16" => Encoding.F16,
        "BF16" => Encoding.BF16,
        "F8_E4M3" => Encoding.F8E4M3,
        "I32" => Encoding.I32,
        "I64" => Encoding.I64,
        _ => throw new ModelFormatException(file, name, $"type {type} is not supported (supported: F32, F16, BF16, F8_E4M3, I32, I64)"),
    };

    static long[] Longs(JsonFields fields, string name, int maxCount)
    {
        if (fields.Find(name) is not { ValueKind: JsonValueKind.Array } list)
            throw new ModelFormatException(fields.File, fields.Place(name), "is missing or not a list");
        int count = list.GetArrayLength();
        if (count > maxCount) throw new ModelFormatException(fields.File, fields.Place(name), $"has {count} entries, limit {maxCount}");
        var numbers = new long[count];
        for (int i = 0; i < count; i++)
            if (list[i].ValueKind != JsonValueKind.Number || !list[i].TryGetInt64(out numbers[i]) || numbers[i] < 0)
                throw fields.Wrong(name, list, "whole numbers from 0 to 2^63 - 1");
        return numbers;
    }

    static void CheckContiguous(ModelFile file, List<TensorInfo> tensors, long dataStart)
    {
        long end = dataStart;
        foreach (TensorInfo tensor in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Bytes))
        {
            if (tensor.Offset != end)
                throw new ModelFormatException(file.Path, tensor.Name,
                    $"starts at data byte {tensor.Offset - dataStart}, the tensor before ends at {end - dataStart}: {(tensor.Offset < end ? "overlap" : "hole")}");
            end = tensor.Offset + tensor.Bytes;
        }
        if (end != file.Length)
            throw new ModelFormatException(file.Path, $"byte {end}", $"the last tensor ends here, but the file has {file.Length} bytes");
    }
}
