using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Llama4.Core.Images;

/// <summary>PNG (ISO/IEC 15948): its chunks walked, its pixel data inflated once to see that it is as long as the header says.</summary>
static class PngFile
{
    const string Format = "PNG";

    public static ReadOnlySpan<byte> Signature => [137, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>What follows the end chunk is not looked at, nor what chunks hold that are not needed for the pixels.</summary>
    /// <exception cref="InvalidRequestException">The file breaks a rule of its format or one of <paramref name="limits"/>.</exception>
    public static CheckedImage Check(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        var reader = new ByteReader(Format, file);
        reader.Take(Signature.Length);
        ReadOnlySpan<byte> headerData = NextChunk(ref reader, out string type);
        if (type != "IHDR" || headerData.Length != 13)
            throw reader.Error($"the first chunk is {type} of {headerData.Length} bytes, not IHDR of 13");
        Header header = ReadHeader(headerData, limits);
        // The decoder holds all of them at once, some kinds twice.
        if (header.PixelBytes() > 4 * limits.MaxPixels)
            throw reader.Error($"{header.Width}×{header.Height} pixels of this kind are {header.PixelBytes()} bytes; "
                + $"at most {4 * limits.MaxPixels} are read");

        ReadOnlySpan<byte> palette = default;
        using var pixels = new MemoryStream();
        for (int chunks = 1; ; chunks++)
        {
            limits.CheckParts(Format, chunks);
            ReadOnlySpan<byte> data = NextChunk(ref reader, out type);
            if (type == "IEND") break;
            if (type == "IDAT") pixels.Write(data);
            else if (type == "PLTE" && header.Color == 3)
            {
                if (data.Length is 0 or > 768 || data.Length % 3 != 0 || palette.Length > 0 || pixels.Length > 0)
                    throw reader.Error($"a palette of {data.Length} bytes before byte {reader.Position} is not one palette of 1 to 256 colours "
                        + "before the pixels");
                palette = data;
            }
            else if (char.IsUpper(type[0]) && type != "PLTE")
                throw reader.Error($"the chunk {type} is needed to read this file and not known here");
        }
        if (header.Color == 3 && palette.IsEmpty) throw reader.Error("the image has palette colours and no palette");

        pixels.Position = 0;
        CheckInflated(pixels, header.PixelBytes());
        byte[] kept = Write(headerData, palette, pixels.GetBuffer().AsSpan(0, (int)pixels.Length));
        return new CheckedImage(Format, header.Width, header.Height, kept);
    }

    static ReadOnlySpan<byte> NextChunk(scoped ref ByteReader reader, out string type)
    {
        uint length = reader.UInt32Big();
        ReadOnlySpan<byte> typeAndData = reader.Take(4L + length);
        foreach (byte letter in typeAndData[..4])
            if (!char.IsAsciiLetter((char)letter)) throw reader.Error($"no chunk starts at byte {reader.Position - length - 8}");
        type = Encoding.ASCII.GetString(typeAndData[..4]);
        uint expected = reader.UInt32Big();
        // Upper case: needed for the pixels.
        if (char.IsUpper(type[0]) && Crc32.Compute(typeAndData) != expected)
            throw reader.Error($"the chunk {type} is damaged: its checksum is wrong");
        return typeAndData[4..];
    }

    static Header ReadHeader(ReadOnlySpan<byte> data, ImageLimits limits)
    {
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data), height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        limits.CheckSize(Format, width, height);
        int depth = data[8], color = data[9];
        bool isKnown = color switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!isKnown || data[10] != 0 || data[11] != 0 || data[12] > 1)
            throw new InvalidRequestException($"{Format}: no such kind of image: colour type {color}, {depth} bits, "
                + $"compression {data[10]}, filter {data[11]}, interlace {data[12]}");
        return new Header((int)width, (int)height, depth, color, data[12] == 1);
    }

    /// <summary>Refuses a bomb and a torso alike; keeps nothing.</summary>
    static void CheckInflated(Stream compressed, long expected)
    {
        var scratch = new byte[1 << 16];
        long length = 0;
        try
        {
            using var inflated = new ZLibStream(compressed, CompressionMode.Decompress, leaveOpen: true);
            for (int read; length <= expected && (read = inflated.Read(scratch)) > 0;) length += read;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InvalidRequestException($"{Format}: the pixel data is damaged: {e.Message}", e);
        }
        if (length != expected)
            throw new InvalidRequestException($"{Format}: {expected} bytes of pixels are expected, the file has "
                + (length > expected ? "more" : $"{length}"));
    }

    static byte[] Write(ReadOnlySpan<byte> header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> pixels)
    {
        var file = new MemoryStream(pixels.Length + palette.Length + 100);
        file.Write(Signature);
        WriteChunk(file, "IHDR"u8, header);
        if (!palette.IsEmpty) WriteChunk(file, "PLTE"u8, palette);
        WriteChunk(file, "IDAT"u8, pixels);
        WriteChunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    internal static void WriteChunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Compute(type, data));
        file.Write(number);
    }

    readonly record struct Header(int Width, int Height, int Depth, int Color, bool Interlaced)
    {
        /// <summary>Bytes of all rows before compression, a filter byte in front of each.</summary>
        public long PixelBytes() => Interlaced
            ? Part(0, 8, 0, 8) + Part(4, 8, 0, 8) + Part(0, 4, 4, 8) + Part(2, 4, 0, 4) + Part(0, 2, 2, 4) + Part(1, 2, 0, 2) + Part(0, 1, 1, 2)
            : Part(0, 1, 0, 1);

        /// <summary>
        /// Bytes of the pixels whose column is <paramref name="x"/> plus a multiple of <paramref name="stepX"/>, and their row likewise (Adam7).
        /// </summary>
        long Part(int x, int stepX, int y, int stepY)
        {
            long width = (Width - x + stepX - 1) / stepX, height = (Height - y + stepY - 1) / stepY;
            int samples = Color switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
            return width <= 0 ? 0 : height * (1 + (width * samples * Depth + 7) / 8);
        }
    }
}
