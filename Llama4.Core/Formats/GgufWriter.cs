using System.Buffers.Binary;
using Text = System.Text.Encoding;

namespace Llama4.Core.Formats;

/// <summary>Writes GGUF files of version 3.</summary>
/// <param name="alignment">Of the tensors in bytes.</param>
internal sealed class GgufWriter(int alignment = 32)
{
    readonly MemoryStream pairs = new();
    readonly List<TensorToWrite> tensors = [];
    ulong pairCount;

    /// <param name="value">bool, int, uint, long, ulong, float, double, string, or an array of one of int, float, bool, string.</param>
    public GgufWriter Add(string key, object value)
    {
        WriteString(pairs, key);
        if (value is Array array)
        {
            WriteType(GgufValueType.Array);
            WriteType(TypeOf(array.GetType().GetElementType()!));
            WriteUInt64(pairs, (ulong)array.Length);
            foreach (object element in array) WriteValue(element);
        }
        else
        {
            WriteType(TypeOf(value.GetType()));
            WriteValue(value);
        }
        pairCount++;
        return this;
    }

    public GgufWriter Add(TensorToWrite tensor)
    {
        tensors.Add(tensor);
        return this;
    }

    /// <summary>Writes everything; the file appears only when it is complete.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        if (alignment != 32) Add("general.alignment", (uint)alignment);
        stream.Write("GGUF"u8);
        WriteUInt32(stream, 3);
        WriteUInt64(stream, (ulong)tensors.Count);
        WriteUInt64(stream, pairCount);
        pairs.WriteTo(stream);
        long offset = 0;
        foreach (TensorToWrite tensor in tensors)
        {
            WriteString(stream, tensor.Name);
            WriteUInt32(stream, (uint)tensor.Dimensions.Count);
            foreach (long dimension in tensor.Dimensions.Reverse()) WriteUInt64(stream, (ulong)dimension);
            WriteUInt32(stream, GgmlType.FromEncoding(tensor.Encoding));
            WriteUInt64(stream, (ulong)offset);
            offset = Align(offset + tensor.Bytes);
        }
        foreach (TensorToWrite tensor in tensors)
        {
            Pad(stream);
            tensor.WriteTo(stream);
        }
        Pad(stream);
    });

    void Pad(Stream stream) => stream.Write(new byte[Align(stream.Position) - stream.Position]);

    long Align(long position) => (position + alignment - 1) / alignment * alignment;

    void WriteType(GgufValueType type) => WriteUInt32(pairs, (uint)type);

    void WriteValue(object value)
    {
        switch (value)
        {
            case bool b: pairs.WriteByte(b ? (byte)1 : (byte)0); break;
            case int i: WriteUInt32(pairs, (uint)i); break;
            case uint u: WriteUInt32(pairs, u); break;
            case float f: WriteUInt32(pairs, BitConverter.SingleToUInt32Bits(f)); break;
            case long l: WriteUInt64(pairs, (ulong)l); break;
            case ulong u: WriteUInt64(pairs, u); break;
            case double d: WriteUInt64(pairs, BitConverter.DoubleToUInt64Bits(d)); break;
            case string s: WriteString(pairs, s); break;
        }
    }

    static GgufValueType TypeOf(Type type) =>
        type == typeof(bool) ? GgufValueType.Bool
        : type == typeof(int) ? GgufValueType.Int32
        : type == typeof(uint) ? GgufValueType.UInt32
        : type == typeof(long) ? GgufValueType.Int64
        : type == typeof(ulong) ? GgufValueType.UInt64
        : type == typeof(float) ? GgufValueType.Float32
        : type == typeof(double) ? GgufValueType.Float64
        : type == typeof(string) ? GgufValueType.String
        : throw new ArgumentException($"GGUF has no value of type {type.Name}", nameof(type));

    static void WriteString(Stream stream, string text)
    {
        byte[] utf8 = Text.UTF8.GetBytes(text);
        WriteUInt64(stream, (ulong)utf8.Length);
        stream.Write(utf8);
    }

    static void WriteUInt32(Stream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    static void WriteUInt64(Stream stream, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }
}
