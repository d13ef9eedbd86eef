using System.Buffers.Binary;
using System.Text.Unicode;

namespace Llama4.Core.Formats;

/// <summary>
/// Reads the front of a GGUF file into one growing block, a few large reads for hundreds of thousands of strings. Every length is
/// compared with what is left of the file before memory is taken for it.
/// </summary>
internal sealed class GgufHeaderReader(ModelFile file)
{
    const int FirstBytes = 64 << 10;

    byte[] bytes = [];
    int filled;

    /// <summary>What is being read, for messages.</summary>
    public string Context { get; set; } = "header";

    public int Position { get; private set; }

    public long Remaining => file.Length - Position;

    /// <summary>All bytes read so far, from the first byte of the file on.</summary>
    public byte[] Bytes => bytes;

    public ReadOnlySpan<byte> Take(int count)
    {
        Need(count);
        ReadOnlySpan<byte> taken = bytes.AsSpan(Position, count);
        Position += count;
        return taken;
    }

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A count of things of at least <paramref name="minBytes"/> each, which must fit in the rest of the file.</summary>
    public int Count(string what, int minBytes, int limit)
    {
        ulong count = UInt64();
        if (count > (ulong)limit) throw Fail($"{count} {what}, limit {limit}");
        if (count > (ulong)(Remaining / minBytes)) throw Fail($"{count} {what}, but only {Remaining} bytes are left");
        return (int)count;
    }

    /// <summary>A length and as many bytes of UTF-8.</summary>
    public ReadOnlySpan<byte> String(int limit)
    {
        int length = Count("bytes of text", 1, limit);
        ReadOnlySpan<byte> text = Take(length);
        return Utf8.IsValid(text) ? text : throw Fail("is not UTF-8");
    }

    public ModelFormatException Fail(string problem, Exception? cause = null) =>
        new(file.Path, $"{Context}, before byte {Position}", problem, cause);

    void Need(int count)
    {
        if (count <= filled - Position) return;
        if (count > Remaining) throw Fail($"the file ends, {count} more bytes expected, {Remaining} left");
        long needed = (long)Position + count;
        if (needed > Limits.GgufHeaderBytes) throw Fail($"metadata of {needed} bytes and more, limit {Limits.GgufHeaderBytes}");
        long size = Math.Max(needed, Math.Max(FirstBytes, 2L * bytes.Length));
        Array.Resize(ref bytes, (int)Math.Min(size, Math.Min(file.Length, Limits.GgufHeaderBytes)));
        file.Read(filled, bytes.AsSpan(filled));
        filled = bytes.Length;
    }
}
