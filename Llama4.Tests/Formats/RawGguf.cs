using System.Buffers.Binary;
using Text = System.Text.Encoding;

namespace Llama4.Tests.Formats;

/// <summary>
/// A GGUF file as its fields, each of which a test can set to anything before the bytes are made. Written from the format's description,
/// apart from the engine's own writer.
/// </summary>
sealed class RawGguf
{
    public sealed record Pair(byte[] Key, uint Type, byte[] Value);

    public sealed record Entry(byte[] Name, ulong[] Dimensions, uint Type, byte[] Data)
    {
        public ulong? Offset { get; init; }
        public uint? Rank { get; init; }
    }

    public const uint UInt32Type = 4, Int32Type = 5, FloatType = 6, BoolType = 7, StringType = 8, ArrayType = 9;

    public byte[] Magic { get; set; } = "GGUF"u8.ToArray();
    public uint Version { get; set; } = 3;
    public ulong? TensorCount { get; set; }
    public ulong? KeyCount { get; set; }
    public List<Pair> Pairs { get; } = [];
    public List<Entry> Tensors { get; } = [];
    public int Alignment { get; set; } = 32;

    public void Set(string key, uint type, byte[] value)
    {
        Pairs.RemoveAll(p => p.Key.AsSpan().SequenceEqual(Text.UTF8.GetBytes(key)));
        Pairs.Add(new Pair(Text.UTF8.GetBytes(key), type, value));
    }

    public void Set(string key, uint value) => Set(key, UInt32Type, UInt32(value));

    public void Set(string key, float value) => Set(key, FloatType, UInt32(BitConverter.SingleToUInt32Bits(value)));

    public void Set(string key, bool value) => Set(key, BoolType, [value ? (byte)1 : (byte)0]);

    public void Set(string key, string value) => Set(key, StringType, String(Text.UTF8.GetBytes(value)));

    public void Set(string key, string[] values) =>
        Set(key, ArrayType, Array(StringType, (ulong)values.Length, [.. values.SelectMany(v => String(Text.UTF8.GetBytes(v)))]));

    public void Set(string key, int[] values) =>
        Set(key, ArrayType, Array(Int32Type, (ulong)values.Length, [.. values.SelectMany(v => UInt32((uint)v))]));

    public void Remove(string key) => Pairs.RemoveAll(p => p.Key.AsSpan().SequenceEqual(Text.UTF8.GetBytes(key)));

    public void Add(string name, ulong[] dimensions, uint type, byte[] data) =>
        Tensors.Add(new Entry(Text.UTF8.GetBytes(name), dimensions, type, data));

    /// <summary>Puts another entry in the place of one.</summary>
    public void Change(string name, Func<Entry, Entry> change)
    {
        int index = Tensors.FindIndex(t => t.Name.AsSpan().SequenceEqual(Text.UTF8.GetBytes(name)));
        Tensors[index] = change(Tensors[index]);
    }

    public byte[] Build() => Build(out _);

    /// <param name="headerBytes">Where the tensor list ends.</param>
    public byte[] Build(out int headerBytes)
    {
        var stream = new MemoryStream();
        stream.Write(Magic);
        stream.Write(UInt32(Version));
        stream.Write(UInt64(TensorCount ?? (ulong)Tensors.Count));
        stream.Write(UInt64(KeyCount ?? (ulong)Pairs.Count));
        foreach (Pair pair in Pairs)
        {
            stream.Write(String(pair.Key));
            stream.Write(UInt32(pair.Type));
            stream.Write(pair.Value);
        }
        ulong offset = 0;
        foreach (Entry tensor in Tensors)
        {
            stream.Write(String(tensor.Name));
            stream.Write(UInt32(tensor.Rank ?? (uint)tensor.Dimensions.Length));
            foreach (ulong dimension in tensor.Dimensions) stream.Write(UInt64(dimension));
            stream.Write(UInt32(tensor.Type));
            stream.Write(UInt64(tensor.Offset ?? offset));
            offset += (ulong)((tensor.Data.Length + Alignment - 1) / Alignment * Alignment);
        }
        headerBytes = (int)stream.Position;
        foreach (Entry tensor in Tensors)
        {
            Pad(stream);
            stream.Write(tensor.Data);
        }
        Pad(stream);
        return stream.ToArray();
    }

    public static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] UInt64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] String(byte[] text) => [.. UInt64((ulong)text.Length), .. text];

    public static byte[] Array(uint type, ulong count, byte[] elements) => [.. UInt32(type), .. UInt64(count), .. elements];

    void Pad(Stream stream) => stream.Write(new byte[(Alignment - stream.Position % Alignment) % Alignment]);
}
