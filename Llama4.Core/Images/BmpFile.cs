using System.Buffers.Binary;

namespace Llama4.Core.Images;

/// <summary>Windows bitmaps without compression: core, info, V4 and V5 headers, 1 to 32 bits per pixel.</summary>
static class BmpFile
{
    const string Format = "BMP";
    const int FileHeader = 14, CoreHeader = 12, PlainRgb = 0, BitFields = 3;

    /// <exception cref="InvalidRequestException">The file breaks a rule of its format or one of <paramref name="limits"/>.</exception>
    public static CheckedImage Check(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        var reader = new ByteReader(Format, file);
        reader.Take(10);
        uint pixelOffset = reader.UInt32();
        uint headerLength = reader.UInt32();
        if (headerLength is not (CoreHeader or 40 or 56 or 108 or 124))
            throw reader.Error($"a header of {headerLength} bytes is not known");
        bool isCore = headerLength == CoreHeader;
        long width = isCore ? reader.UInt16() : reader.Int32(), height = isCore ? reader.UInt16() : reader.Int32();
        limits.CheckSize(Format, width, Math.Abs(height));
        int planes = reader.UInt16(), bits = reader.UInt16();
        uint compression = isCore ? PlainRgb : reader.UInt32();
        bool isKnown = compression == PlainRgb
            ? bits is 1 or 4 or 8 or 24 || (bits is 16 or 32 && !isCore)
            : compression == BitFields && bits is 16 or 32;
        if (planes != 1 || !isKnown)
            throw reader.Error($"{planes} planes, {bits} bits per pixel with compression {compression} are not read");
        uint colours = 0;
        if (!isCore)
        {
            reader.Take(12);
            colours = reader.UInt32();
        }

        // Kept: both headers, the masks after an info header or the palette, and the rows directly behind.
        int head = FileHeader + (int)headerLength;
        if (compression == BitFields && headerLength is 40 or 56) head += 12;
        if (bits <= 8)
        {
            if (colours == 0 || colours > 1 << bits) colours = 1u << bits;
            head += (int)colours * (isCore ? 3 : 4);
        }
        long rowBytes = (width * bits + 31) / 32 * 4, pixelBytes = rowBytes * Math.Abs(height);
        if (pixelOffset < head || pixelOffset + pixelBytes > file.Length)
            throw reader.Error($"{pixelBytes} bytes of pixels at byte {pixelOffset} do not lie between the headers of {head} bytes "
                + $"and the end at {file.Length}");
        var kept = new byte[head + pixelBytes];
        file[..head].CopyTo(kept);
        file.Slice((int)pixelOffset, (int)pixelBytes).CopyTo(kept.AsSpan(head));
        BinaryPrimitives.WriteInt32LittleEndian(kept.AsSpan(10), head);
        return new CheckedImage(Format, (int)width, (int)Math.Abs(height), kept);
    }
}
