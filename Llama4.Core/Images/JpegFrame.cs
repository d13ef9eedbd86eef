namespace Llama4.Core.Images;

/// <summary>One scan of a frame.</summary>
/// <param name="Units">Minimum coded units: what restart intervals count.</param>
/// <param name="Blocks">Blocks of 8 × 8 that it touches.</param>
/// <param name="IsFirst">Whether it is its components' first one.</param>
readonly record struct JpegScan(long Units, long Blocks, bool IsFirst);

/// <summary>The frame header of a JPEG and what its scans have brought so far.</summary>
sealed class JpegFrame
{
    const string Format = "JPEG";

    readonly bool progressive;
    readonly Component[] components;
    readonly int maxHorizontal, maxVertical;

    JpegFrame(int width, int height, bool progressive, Component[] components)
    {
        Width = width;
        Height = height;
        this.progressive = progressive;
        this.components = components;
        maxHorizontal = components.Max(c => c.Horizontal);
        maxVertical = components.Max(c => c.Vertical);
        if (components.Any(c => maxHorizontal % c.Horizontal != 0 || maxVertical % c.Vertical != 0))
            throw new InvalidRequestException($"{Format}: the components' sampling factors do not divide the largest one");
    }

    public int Width { get; }
    public int Height { get; }
    public int Components => components.Length;

    /// <summary>T.81 B.2.2. <paramref name="data"/> is the segment after its length.</summary>
    public static JpegFrame Read(ReadOnlySpan<byte> data, bool progressive, ImageLimits limits)
    {
        var reader = new ByteReader(Format, data);
        int bits = reader.Byte(), height = reader.UInt16Big(), width = reader.UInt16Big(), count = reader.Byte();
        limits.CheckSize(Format, width, height);
        if (bits != 8) throw reader.Error($"{bits} bits per sample are not read, only 8");
        if (count is not (1 or 3 or 4) || reader.Left != 3 * count)
            throw reader.Error($"a frame header of {data.Length} bytes for {count} components; 1, 3 or 4 are read");
        var components = new Component[count];
        for (int i = 0; i < count; i++)
        {
            int id = reader.Byte(), sampling = reader.Byte(), table = reader.Byte();
            components[i] = new Component(id, sampling >> 4, sampling & 15);
            if (sampling >> 4 is < 1 or > 4 || (sampling & 15) is < 1 or > 4 || table > 3 || components[..i].Any(c => c.Id == id))
                throw reader.Error($"component {id} with sampling {sampling >> 4}×{sampling & 15} and quantisation table {table} cannot be");
        }
        var frame = new JpegFrame(width, height, progressive, components);
        if (frame.DecodeBytes > limits.MaxDecodeBytes)
            throw reader.Error($"decoding {width}×{height} {(progressive ? "progressive" : "baseline")} pixels takes {frame.DecodeBytes} bytes, more than "
                + $"{limits.MaxDecodeBytes}: make the picture smaller{(progressive ? " or save it as a baseline JPEG" : "")}");
        return frame;
    }

    /// <summary>T.81 B.2.3 and G.1.1.1: which components and coefficients a scan brings. <paramref name="data"/> is its header.</summary>
    public JpegScan ReadScan(ReadOnlySpan<byte> data)
    {
        var reader = new ByteReader(Format, data);
        int count = reader.Byte();
        if (count < 1 || count > components.Length || data.Length != 4 + 2 * count)
            throw reader.Error($"a scan header of {data.Length} bytes for {count} components");
        var chosen = new Component[count];
        for (int i = 0; i < count; i++)
        {
            int id = reader.Byte(), tables = reader.Byte();
            Component? component = components.FirstOrDefault(c => c.Id == id);
            if (component is null || chosen[..i].Contains(component) || tables >> 4 > 3 || (tables & 15) > 3)
                throw reader.Error($"a scan of component {id} with tables {tables:X2} cannot be");
            chosen[i] = component;
        }
        int from = reader.Byte(), to = reader.Byte(), precision = reader.Byte(), high = precision >> 4, low = precision & 15;
        bool isFirst = !chosen[0].HasScan;
        bool isValid = progressive
            ? low <= 13 && (high == 0 || high == low + 1)
                && (from == 0 ? to == 0 && (high == 0) == isFirst : count == 1 && to >= from && to <= 63 && !isFirst)
            : from == 0 && precision == 0 && isFirst;
        if (!isValid || chosen.Any(c => c.HasScan == isFirst))
            throw reader.Error($"a scan of coefficients {from} to {to}, bits {high} to {low}, may not stand here");
        foreach (Component component in chosen) component.HasScan = true;

        long units = count == 1 ? OwnBlocks(chosen[0]) : Units;
        return new JpegScan(units, count == 1 ? units : units * chosen.Sum(c => c.Horizontal * c.Vertical), isFirst);
    }

    /// <summary>Every component had a scan.</summary>
    public void CheckComplete()
    {
        if (!components.All(c => c.HasScan))
            throw new InvalidRequestException($"{Format}: the file ends before every component had a scan");
    }

    /// <summary>A byte for each sample, two more for its coefficient in a progressive picture, and three for each pixel of the result.</summary>
    long DecodeBytes => Units * 64 * components.Sum(c => c.Horizontal * c.Vertical) * (progressive ? 3 : 1) + 3L * Width * Height;

    /// <summary>Units of a scan of several components.</summary>
    long Units => (long)Up(Width, 8 * maxHorizontal) * Up(Height, 8 * maxVertical);

    /// <summary>Blocks of a component on its own, which end where its samples end.</summary>
    long OwnBlocks(Component c) => (long)Up(Up(Width * c.Horizontal, maxHorizontal), 8) * Up(Up(Height * c.Vertical, maxVertical), 8);

    static int Up(int value, int divisor) => (value + divisor - 1) / divisor;

    sealed class Component(int id, int horizontal, int vertical)
    {
        public int Id => id;
        public int Horizontal => horizontal;
        public int Vertical => vertical;
        public bool HasScan { get; set; }
    }
}
