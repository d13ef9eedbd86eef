namespace Llama4.Core.Images;

/// <summary>
/// JPEG (ITU-T T.81), baseline and progressive: its segments walked up to the end marker, the scans checked against the frame,
/// so that every block of the picture is decoded by some scan and the work is known.
/// </summary>
sealed class JpegFile
{
    const string Format = "JPEG";
    const int StartOfImage = 0xD8, EndOfImage = 0xD9, StartOfScan = 0xDA, Quantisation = 0xDB, RestartInterval = 0xDD, Huffman = 0xC4;
    const int Baseline = 0xC0, Extended = 0xC1, Progressive = 0xC2, FirstRestart = 0xD0, LastRestart = 0xD7;
    const int FirstApplication = 0xE0, JfifSegment = 0xE0, AdobeSegment = 0xEE, LastApplication = 0xEF, Comment = 0xFE;

    readonly ImageLimits limits;
    readonly MemoryStream kept = new();
    JpegFrame? frame;
    int scans, restartInterval;
    bool hasJfif;

    JpegFile(ImageLimits limits) => this.limits = limits;

    /// <summary>What follows the end marker is not looked at; metadata is dropped, so no orientation or colour profile applies.</summary>
    /// <exception cref="InvalidRequestException">The file breaks a rule of its format or one of <paramref name="limits"/>.</exception>
    public static CheckedImage Check(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        var reader = new ByteReader(Format, file);
        reader.Take(2);
        return new JpegFile(limits).Walk(ref reader);
    }

    CheckedImage Walk(ref ByteReader reader)
    {
        kept.Write([0xFF, StartOfImage]);
        for (int segments = 1; ; segments++)
        {
            limits.CheckParts(Format, segments);
            int marker = NextMarker(ref reader);
            if (marker == EndOfImage) break;
            if (!IsSegment(marker))
                throw reader.Error($"the marker FF {marker:X2} before byte {reader.Position} stands where none may stand, or belongs to "
                    + "a kind of JPEG that is not read (read: baseline and progressive, Huffman-coded)");
            int length = reader.UInt16Big();
            if (length < 2) throw reader.Error($"the segment FF {marker:X2} at byte {reader.Position - 2} gives its length as {length}");
            ReadOnlySpan<byte> data = reader.Take(length - 2);
            Segment(ref reader, marker, data);
        }
        if (frame is null || scans == 0) throw reader.Error("the file ends without a picture");
        frame.CheckComplete();
        kept.Write([0xFF, EndOfImage]);
        return new CheckedImage(Format, frame.Width, frame.Height, kept.ToArray());
    }

    static bool IsSegment(int marker) => marker is Baseline or Extended or Progressive or Huffman or Quantisation or RestartInterval
        or StartOfScan or (>= FirstApplication and <= LastApplication) or Comment;

    static int NextMarker(ref ByteReader reader)
    {
        byte first = reader.Byte();
        if (first != 0xFF) throw reader.Error($"a marker is expected at byte {reader.Position - 1}, found {first:X2}");
        byte marker;
        do marker = reader.Byte(); while (marker == 0xFF);
        return marker;
    }

    void Segment(ref ByteReader reader, int marker, ReadOnlySpan<byte> data)
    {
        switch (marker)
        {
            case StartOfScan:
                Scan(ref reader, data);
                return;
            case Huffman:
                CheckHuffman(data);
                break;
            case Quantisation:
                CheckQuantisation(data);
                break;
            case RestartInterval:
                if (data.Length != 2) throw reader.Error($"a restart interval of {data.Length} bytes");
                restartInterval = data[0] << 8 | data[1];
                break;
            case Baseline or Extended or Progressive:
                if (frame is not null) throw reader.Error("the file has a second frame header");
                frame = JpegFrame.Read(data, marker == Progressive, limits);
                if (frame.Components == 4) Keep(AdobeSegment, "Adobe\0d\0\0\0\0\0"u8);
                break;
            case JfifSegment when data.StartsWith("JFIF\0"u8):
                hasJfif = true;
                return;
            case AdobeSegment when data.Length == 12 && data.StartsWith("Adobe"u8) && !hasJfif:
                break;
            default:
                return;
        }
        Keep(marker, data);
    }

    void Keep(int marker, ReadOnlySpan<byte> data)
    {
        kept.Write([0xFF, (byte)marker, (byte)(data.Length + 2 >> 8), (byte)(data.Length + 2)]);
        kept.Write(data);
    }

    void Scan(ref ByteReader reader, ReadOnlySpan<byte> header)
    {
        if (frame is null) throw reader.Error("a scan comes before the frame header");
        scans++;
        if (scans > limits.MaxScans) throw reader.Error($"the file has more than {limits.MaxScans} scans");
        if ((long)scans * frame.Width * frame.Height > limits.MaxScannedPixels)
            throw reader.Error($"{scans} scans of {frame.Width}×{frame.Height} pixels are more than {limits.MaxScannedPixels} pixels");
        JpegScan scan = frame.ReadScan(header);
        Keep(StartOfScan, header);
        int start = reader.Position;
        int restarts = CopyCoded(ref reader);
        long expected = restartInterval == 0 ? 0 : (scan.Units - 1) / restartInterval;
        if (restarts != expected) throw reader.Error($"the scan at byte {start} has {restarts} restart markers instead of {expected}");
        // The first code of a block takes at least one bit.
        if (scan.IsFirst && scan.Blocks > 8L * (reader.Position - start))
            throw reader.Error($"{reader.Position - start} bytes at byte {start} are too few for {scan.Blocks} blocks");
    }

    /// <summary>Copies entropy-coded data up to the next marker that is not a restart. Returns the number of restarts.</summary>
    int CopyCoded(ref ByteReader reader)
    {
        int restarts = 0;
        for (int part = 0; ;)
        {
            int length = reader.Rest.IndexOf((byte)0xFF);
            if (length < 0 || length + 1 >= reader.Left)
                throw reader.Error($"the file ends at byte {reader.Position + reader.Left}, inside the picture");
            int next = reader.Rest[length + 1];
            part += length;
            kept.Write(reader.Take(length));
            if (next == 0)
            {
                part++;
                kept.Write(reader.Take(2));
            }
            else if (next == 0xFF) reader.Take(1);
            else if (part == 0) throw reader.Error($"no data before the marker FF {next:X2} at byte {reader.Position}");
            else if (next is < FirstRestart or > LastRestart) return restarts;
            else if (next != FirstRestart + restarts % 8)
                throw reader.Error($"the restart marker FF {next:X2} at byte {reader.Position} is out of turn");
            else
            {
                kept.Write(reader.Take(2));
                restarts++;
                part = 0;
            }
        }
    }

    /// <summary>T.81 B.2.4.2: tables of a class and number, 16 counts by code length, and as many values.</summary>
    static void CheckHuffman(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            int values = 0;
            if (data.Length >= 17)
                foreach (byte count in data[1..17]) values += count;
            if (data.Length < 17 + values || values > 256 || data[0] > 0x1F || (data[0] & 15) > 3)
                throw new InvalidRequestException($"{Format}: a Huffman table with {values} values in {data.Length} bytes is damaged");
            data = data[(17 + values)..];
        }
    }

    /// <summary>T.81 B.2.4.1: tables of a number, 64 values of 8 or 16 bits each.</summary>
    static void CheckQuantisation(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            int length = data[0] < 0x10 ? 65 : 129;
            if (data.Length < length || data[0] > 0x1F || (data[0] & 15) > 3)
                throw new InvalidRequestException($"{Format}: a quantisation table in {data.Length} bytes is damaged");
            data = data[length..];
        }
    }
}
