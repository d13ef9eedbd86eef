using System.Buffers.Binary;

namespace Llama4.Core.Formats;

/// <summary>The strings of an array, one after the other, without copying them.</summary>
internal ref struct GgufStrings(ReadOnlySpan<byte> bytes, int start, int count)
{
    readonly ReadOnlySpan<byte> bytes = bytes;
    int next = start;
    int left = count;

    /// <summary>UTF-8 of the string.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly GgufStrings GetEnumerator() => this;

    public bool MoveNext()
    {
        if (left-- == 0) return false;
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[next..]);
        Current = bytes.Slice(next + 8, length);
        next += 8 + length;
        return true;
    }
}
