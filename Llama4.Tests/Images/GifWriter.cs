namespace Llama4.Tests.Images;

/// <summary>Writes GIF files for tests.</summary>
static class GifWriter
{
    /// <summary>A file of several frames of the same kind.</summary>
    /// <param name="palette">2, 4, …, 256 colours of 3 bytes.</param>
    public static byte[] Write(int width, int height, byte[] palette, byte[] indices, int frames = 1, int transparent = -1, bool interlaced = false,
        (int Left, int Top, int Width, int Height)? frame = null)
    {
        var (left, top, frameWidth, frameHeight) = frame ?? (0, 0, width, height);
        int bits = 1;
        while (3 << bits < palette.Length) bits++;
        var file = new MemoryStream();
        file.Write("GIF89a"u8);
        Short(width);
        Short(height);
        file.Write([(byte)(0x80 | bits - 1), 0, 0]);
        file.Write(palette);
        for (int i = 0; i < frames; i++)
        {
            if (transparent >= 0) file.Write([0x21, 0xF9, 4, 1, 0, 0, (byte)transparent, 0]);
            file.WriteByte(0x2C);
            Short(left);
            Short(top);
            Short(frameWidth);
            Short(frameHeight);
            file.WriteByte(interlaced ? (byte)0x40 : (byte)0);
            int codeBits = Math.Max(2, bits);
            file.WriteByte((byte)codeBits);
            foreach (byte[] block in Compress(indices, codeBits).Chunk(255))
            {
                file.WriteByte((byte)block.Length);
                file.Write(block);
            }
            file.WriteByte(0);
        }
        file.WriteByte(0x3B);
        return file.ToArray();

        void Short(int value) => file.Write([(byte)value, (byte)(value >> 8)]);
    }

    /// <summary>LZW that clears the table when it is full.</summary>
    public static byte[] Compress(byte[] indices, int codeBits)
    {
        var output = new List<byte>();
        int clear = 1 << codeBits, bits = codeBits + 1, next = clear + 2;
        ulong buffer = 0;
        int buffered = 0;
        var codes = new Dictionary<(int Prefix, byte Last), int>();
        Emit(clear);
        int current = indices[0];
        foreach (byte index in indices.AsSpan(1))
        {
            if (codes.TryGetValue((current, index), out int longer))
            {
                current = longer;
                continue;
            }
            Emit(current);
            codes[(current, index)] = next++;
            if (next == 4096)
            {
                Emit(clear);
                codes.Clear();
                (bits, next) = (codeBits + 1, clear + 2);
            }
            else if (next > 1 << bits) bits++;
            current = index;
        }
        Emit(current);
        Emit(clear + 1);
        if (buffered > 0) output.Add((byte)buffer);
        return [.. output];

        void Emit(int code)
        {
            buffer |= (ulong)code << buffered;
            for (buffered += bits; buffered >= 8; buffered -= 8, buffer >>= 8) output.Add((byte)buffer);
        }
    }
}
