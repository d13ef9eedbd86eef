using System.Buffers.Binary;
using System.Text.Json;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>Writes safetensors files.</summary>
internal static class SafetensorsWriter
{
    /// <summary>Writes the tensors one after the other; the file appears only when it is complete.</summary>
    /// <param name="metadata">Strings under __metadata__.</param>
    public static void Save(string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        byte[] header = Header(tensors, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (TensorToWrite tensor in tensors) tensor.WriteTo(stream);
        });
    }

    static byte[] Header(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (TensorToWrite tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", TypeOf(tensor.Encoding));
                json.WriteStartArray("shape");
                foreach (long dimension in tensor.Dimensions) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces up to a multiple of 8, so that the tensors are aligned.
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    static string TypeOf(Encoding encoding) => encoding switch
    {
        Encoding.F32 => "F32",
        Encoding.F16 => "F16",
        Encoding.BF16 => "BF16",
        Encoding.F8E4M3 => "F8_E4M3",
        Encoding.I32 => "I32",
        Encoding.I64 => "I64",
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "safetensors has no such type"),
    };
}
