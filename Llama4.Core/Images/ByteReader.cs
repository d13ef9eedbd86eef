using System.Buffers.Binary;

namespace Llama4.Core.Images;

/// <summary>Reads an image file from front to back; what is not there is an <see cref="InvalidRequestException"/>.</summary>
/// <param name="format">Name of the file format, for messages.</param>
/// <param name="file">The whole file.</param>
ref struct ByteReader(string format, ReadOnlySpan<byte> file)
{
    readonly ReadOnlySpan<byte> file = file;

    public int Position { get; private set; }

    public readonly int Left => file.Length - Position;

    /// <summary>Everything from here on.</summary>
    public readonly ReadOnlySpan<byte> Rest => file[Position..];

    public ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > Left)
            throw Error($"the file ends at byte {file.Length}, inside a part of {count} bytes that starts at byte {Position}");
        ReadOnlySpan<byte> bytes = file.Slice(Position, (int)count);
        Position += (int)count;
        return bytes;
    }

    public byte Byte() => Take(1)[0];

    public ushort UInt16Big() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint UInt32Big() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public readonly InvalidRequestException Error(string problem) => new($"{format}: {problem}");
}
