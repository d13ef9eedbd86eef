using Llama4.Kernels;
using Text = System.Text.Encoding;

namespace Llama4.Core.Formats;

/// <summary>The header of a GGUF file of version 2 or 3: metadata and the list of tensors.</summary>
internal sealed class GgufFile
{
    GgufFile(ModelFile file, GgufMetadata metadata, IReadOnlyList<TensorInfo> tensors)
    {
        File = file;
        Metadata = metadata;
        Tensors = tensors;
    }

    public ModelFile File { get; }

    public GgufMetadata Metadata { get; }

    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Whether a file starts as GGUF does.</summary>
    public static bool HasMagic(ModelFile file)
    {
        Span<byte> magic = stackalloc byte[4];
        if (file.Length < 4) return false;
        file.Read(0, magic);
        return magic.SequenceEqual("GGUF"u8) || magic.SequenceEqual("FUGG"u8);
    }

    public static GgufFile Read(ModelFile file)
    {
        var header = new GgufHeaderReader(file) { Context = "magic" };
        ReadOnlySpan<byte> magic = header.Take(4);
        if (magic.SequenceEqual("FUGG"u8)) throw header.Fail("is FUGG: a big-endian file, only little-endian ones are supported");
        if (!magic.SequenceEqual("GGUF"u8)) throw header.Fail($"is {Convert.ToHexString(magic)}, expected GGUF");
        header.Context = "version";
        uint version = header.UInt32();
        if (version != 0 && (version & 0xFFFF) == 0)
            throw header.Fail($"is 0x{version:X8}: a big-endian file, only little-endian ones are supported");
        if (version is not (2 or 3)) throw header.Fail($"is {version}, expected 2 or 3");
        // The smallest tensor entry has a name of 1 byte and 1 dimension, the smallest pair a key and a value of 1 byte each.
        header.Context = "tensor count";
        int tensorCount = header.Count("tensors", 8 + 1 + 4 + 8 + 4 + 8, Limits.Tensors);
        header.Context = "key count";
        int keyCount = header.Count("keys", 8 + 1 + 4 + 1, Limits.GgufKeys);
        GgufMetadata metadata = GgufMetadata.Read(file.Path, header, keyCount);
        int alignment = metadata.Int("general.alignment", 8, Limits.GgufAlignment, 32);
        bool isOtherType = metadata.Has("general.alignment") && !metadata.IsUInt32("general.alignment");
        if (isOtherType || !System.Numerics.BitOperations.IsPow2(alignment))
            throw new ModelFormatException(file.Path, "general.alignment",
                $"is {metadata.Describe("general.alignment")}, expected a power of two of type UInt32");
        return new GgufFile(file, metadata, ReadTensors(file, header, tensorCount, alignment));
    }

    static List<TensorInfo> ReadTensors(ModelFile file, GgufHeaderReader header, int count, int alignment)
    {
        var entries = new List<(string Name, long[] Dimensions, Encoding Encoding, long Offset, long Bytes)>();
        var names = new HashSet<string>();
        long end = 0;
        for (int i = 0; i < count; i++)
        {
            header.Context = $"tensor {i}";
            string name = Text.UTF8.GetString(header.String(Limits.GgufNameBytes));
            if (name.Length == 0) throw header.Fail("has no name");
            header.Context = $"tensor {name}";
            if (!names.Add(name)) throw header.Fail("is listed twice");
            long[] dimensions = ReadDimensions(header);
            uint type = header.UInt32();
            Encoding encoding = GgmlType.ToEncoding(type)
                ?? throw header.Fail($"type {GgmlType.NameOf(type)} is not supported (supported: {GgmlType.SupportedNames})");
            long bytes = BytesOf(header, dimensions, encoding);
            ulong offset = header.UInt64();
            if (offset != (ulong)end) throw header.Fail($"offset {offset}, expected {end}, where the tensor before ends");
            entries.Add((name, dimensions, encoding, end, bytes));
            // The data cannot be longer than the file: so nothing here overflows.
            if (bytes > file.Length - end) throw header.Fail($"{bytes} bytes at offset {end}, but the file has only {file.Length}");
            end = Align(end + bytes, alignment);
        }
        header.Context = "tensor data";
        long start = Align(header.Position, alignment);
        long unpadded = entries.Count > 0 ? entries[^1].Offset + entries[^1].Bytes : 0;
        if (start + unpadded > file.Length)
            throw header.Fail($"ends at byte {start + unpadded}, but the file has only {file.Length}: it is cut short");
        if (start + end < file.Length)
            throw header.Fail($"ends at byte {start + end}, but the file has {file.Length}: {file.Length - start - end} bytes too many");
        return [.. entries.Select(e => new TensorInfo(e.Name, e.Dimensions, e.Encoding, file.Path, start + e.Offset, e.Bytes))];
    }

    /// <summary>Outermost first; the file has them innermost first.</summary>
    static long[] ReadDimensions(GgufHeaderReader header)
    {
        uint rank = header.UInt32();
        if (rank is < 1 or > Limits.GgufRank) throw header.Fail($"{rank} dimensions, expected 1 to {Limits.GgufRank}");
        var dimensions = new long[rank];
        for (int i = (int)rank - 1; i >= 0; i--)
        {
            ulong dimension = header.UInt64();
            if (dimension is < 1 or > long.MaxValue) throw header.Fail($"a dimension of {dimension}, expected 1 to 2^63 - 1");
            dimensions[i] = (long)dimension;
        }
        return dimensions;
    }

    static long BytesOf(GgufHeaderReader header, long[] dimensions, Encoding encoding)
    {
        long row = dimensions[^1];
        if (row % encoding.BlockLength() != 0)
            throw header.Fail($"rows of {row} numbers are no whole number of {encoding} blocks of {encoding.BlockLength()}");
        try
        {
            long bytes = encoding.RowBytes(row);
            foreach (long dimension in dimensions.AsSpan(0, dimensions.Length - 1)) bytes = checked(bytes * dimension);
            return bytes;
        }
        catch (OverflowException e)
        {
            throw header.Fail($"[{string.Join(", ", dimensions)}] is more than 2^63 bytes", e);
        }
    }

    static long Align(long value, int alignment) => value + (alignment - value % alignment) % alignment;
}
