namespace Llama4.Core.Formats;

/// <summary>Many short byte strings in few large blocks.</summary>
internal sealed class ByteArena
{
    const int BlockBytes = 1 << 20;

    byte[] block = [];
    int used;

    /// <summary>The bytes that UTF-8 text in the byte-level alphabet stands for; null when a character is not in it.</summary>
    public ReadOnlyMemory<byte>? FromAlphabet(ReadOnlySpan<byte> utf8)
    {
        if (block.Length - used < utf8.Length)
        {
            block = new byte[Math.Max(BlockBytes, utf8.Length)];
            used = 0;
        }
        int written = ByteAlphabet.ToBytes(utf8, block.AsSpan(used));
        if (written < 0) return null;
        used += written;
        return block.AsMemory(used - written, written);
    }
}
