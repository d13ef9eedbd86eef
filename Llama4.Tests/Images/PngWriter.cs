using System.Buffers.Binary;
using System.IO.Compression;
using Llama4.Core.Images;

namespace Llama4.Tests.Images;

/// <summary>Writes PNG files for tests: any kind of pixels, whatever else is wanted between header and pixels.</summary>
static class PngWriter
{
    /// <param name="sample">Value of a sample by column, row and channel, in the range of <paramref name="depth"/> bits.</param>
    public static byte[] Write(int width, int height, int depth, int color, Func<int, int, int, int> sample, bool interlaced = false, byte[]? palette = null,
        params (string Type, byte[] Data)[] extra)
    {
        int channels = color switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        var rows = new MemoryStream();
        (int X, int StepX, int Y, int StepY)[] passes = interlaced
            ? [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]
            : [(0, 1, 0, 1)];
        foreach ((int x0, int stepX, int y0, int stepY) in passes)
            for (int y = y0; y < height && x0 < width; y += stepY)
            {
                rows.WriteByte(0);
                int bits = 0, count = 0;
                for (int x = x0; x < width; x += stepX)
                    for (int channel = 0; channel < channels; channel++)
                    {
                        int value = sample(x, y, channel);
                        if (depth == 16) rows.Write([(byte)(value >> 8), (byte)value]);
                        else (bits, count) = (bits << depth | value, count + depth);
                        if (count == 8) Flush();
                    }
                if (count > 0)
                {
                    bits <<= 8 - count;
                    Flush();
                }

                void Flush()
                {
                    rows.WriteByte((byte)bits);
                    bits = count = 0;
                }
            }
        return File(Header(width, height, depth, color, interlaced), palette, Deflate(rows.ToArray()), extra);
    }

    public static byte[] Header(uint width, uint height, int depth, int color, bool interlaced = false)
    {
        var data = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(data, width);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(4), height);
        (data[8], data[9], data[12]) = ((byte)depth, (byte)color, interlaced ? (byte)1 : (byte)0);
        return data;
    }

    static byte[] Header(int width, int height, int depth, int color, bool interlaced) => Header((uint)width, (uint)height, depth, color, interlaced);

    public static byte[] File(byte[] header, byte[]? palette, byte[] pixels, params (string Type, byte[] Data)[] extra)
    {
        var file = new MemoryStream();
        file.Write(PngFile.Signature);
        Chunk("IHDR", header);
        if (palette is not null) Chunk("PLTE", palette);
        foreach ((string type, byte[] data) in extra) Chunk(type, data);
        Chunk("IDAT", pixels[..(pixels.Length / 2)]);
        Chunk("IDAT", pixels[(pixels.Length / 2)..]);
        Chunk("IEND", []);
        return file.ToArray();

        void Chunk(string type, byte[] data) => PngFile.WriteChunk(file, System.Text.Encoding.ASCII.GetBytes(type), data);
    }

    public static byte[] Deflate(byte[] data)
    {
        var file = new MemoryStream();
        using (var zlib = new ZLibStream(file, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(data);
        return file.ToArray();
    }

    /// <summary>Sets the checksum of every chunk that can be found, so that damage reaches what is behind it.</summary>
    public static void Repair(byte[] file)
    {
        for (int at = 8; at + 12 <= file.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (length > file.Length - at - 12) return;
            uint crc = Crc32.Compute(file.AsSpan(at + 4, 4 + (int)length));
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(at + 8 + (int)length), crc);
            at += 12 + (int)length;
        }
    }
}
