using System.Runtime.InteropServices;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>
/// A key/value cache of some sequences with random content: pages in guarded memory, in no particular order, filled with NaN before
/// the first write. The layer under test is the second of two in each page.
/// </summary>
sealed class TestCache
{
    readonly Workspace memory;
    readonly List<Llama4.Kernels.Buffer> pages = [];
    readonly int window;
    readonly int pageRows;

    public TestCache(Workspace memory, int seed, int[] lengths, int heads, int headDim, Encoding encoding, int pageRows, int window)
    {
        this.memory = memory;
        this.window = window;
        this.pageRows = pageRows;
        long part = KvLayer.PartBytes(heads, headDim, pageRows, encoding);
        Layer = new KvLayer(2 * part, 3 * part, heads, headDim, encoding);
        int columns = (lengths.Max() + pageRows - 1) / pageRows + 1;
        var table = new long[lengths.Length * columns];
        var places = new List<int>();
        for (int s = 0; s < lengths.Length; s++)
        {
            int slots = window == 0 ? lengths[s] : Math.Min(lengths[s], window);
            for (int page = 0; page * pageRows < slots; page++) places.Add(s * columns + page);
        }
        new Random(seed).Shuffle(CollectionsMarshal.AsSpan(places));
        foreach (int place in places)
        {
            Llama4.Kernels.Buffer page = memory.Memory(4 * part);
            memory.Device.Upload<byte>(Enumerable.Repeat((byte)0xFF, (int)page.Bytes).ToArray(), Bytes(page));
            pages.Add(page);
            table[place] = page.Address;
        }
        Pages = new KvPages(memory.Addresses(table, lengths.Length, columns), pageRows, window);
        Keys = [.. lengths.Select((length, s) => Numbers.Normal(seed + 2 * s, length * heads * headDim))];
        Values = [.. lengths.Select((length, s) => Numbers.Normal(seed + 2 * s + 1, length * heads * headDim))];
    }

    public KvPages Pages { get; }

    public KvLayer Layer { get; }

    /// <summary>Per sequence, [length, heads · headDim].</summary>
    public float[][] Keys { get; }

    public float[][] Values { get; }

    int Columns => Layer.Heads * Layer.HeadDim;

    public StepRows Rows((int Sequence, int Position)[] rows) =>
        new(memory.Integers([.. rows.Select(r => r.Position)]), memory.Integers([.. rows.Select(r => r.Sequence)]));

    public void Write((int Sequence, int Position)[] rows)
    {
        float[] k = [.. rows.SelectMany(r => Keys[r.Sequence].AsSpan(r.Position * Columns, Columns).ToArray())];
        float[] v = [.. rows.SelectMany(r => Values[r.Sequence].AsSpan(r.Position * Columns, Columns).ToArray())];
        memory.Device.KvWrite(memory.Floats(k, rows.Length, Columns), memory.Floats(v, rows.Length, Columns), Rows(rows), Pages, Layer);
    }

    /// <summary>Writes the positions [from, to) of a sequence, a window at a time.</summary>
    public void Write(int sequence, int from, int to)
    {
        while (from < to)
        {
            int end = window == 0 ? to : Math.Min(to, from / window * window + window);
            Write([.. Enumerable.Range(from, end - from).Select(p => (sequence, p))]);
            from = end;
        }
    }

    /// <param name="alone">Rows at the beginning that are said to be their sequence's only ones.</param>
    public float[] Attend((int Sequence, int Position)[] rows, float[] q, int alone = 0)
    {
        int columns = q.Length / rows.Length;
        Tensor y = memory.New(rows.Length, columns);
        memory.Device.Attention(memory.Floats(q, rows.Length, columns), Rows(rows) with { Alone = alone }, Pages, Layer, y);
        return memory.Read(y);
    }

    /// <summary>Keys or values of one head at positions [from, to], as the cache holds them.</summary>
    public double[] Stored(int sequence, int head, int from, int to, bool keys)
    {
        var entries = new List<double>();
        for (int position = from; position <= to; position++)
            entries.AddRange(KvEntry.Decode(Layer.Encoding, Entry(sequence, head, position, keys)));
        return [.. entries];
    }

    /// <summary>The bytes of one key or value, as its encoding orders them.</summary>
    public byte[] Entry(int sequence, int head, int position, bool keys)
    {
        int slot = window == 0 ? position : position % window, row = slot % pageRows;
        var table = new long[Pages.Table.Count];
        memory.Device.Download<long>(Pages.Table, table);
        Llama4.Kernels.Buffer page = pages.Single(p => p.Address == table[sequence * Pages.Table.Columns + slot / pageRows]);
        int rowBytes = (int)Layer.Encoding.RowBytes(Layer.HeadDim);
        long offset = (keys ? Layer.KeyOffset : Layer.ValueOffset) + (long)head * pageRows * rowBytes;
        var part = new byte[pageRows * rowBytes];
        memory.Device.Download<byte>(new Tensor(page, offset, 1, part.Length, Encoding.F8E4M3), part);
        return memory.Device is GpuDevice && Layer.Encoding == Encoding.Q8_0 ? GpuBlocks(part, row) : part[(row * rowBytes)..((row + 1) * rowBytes)];
    }

    /// <summary>Blocks of a row from the order of the GPU: the bytes of all rows, words of the blocks by turns, and then the scales.</summary>
    byte[] GpuBlocks(byte[] part, int row)
    {
        int headDim = Layer.HeadDim, blocks = headDim / 32;
        return [.. Enumerable.Range(0, blocks).SelectMany(block =>
        {
            int scale = pageRows * headDim + (row * blocks + block) * 2;
            IEnumerable<byte> bytes = Enumerable.Range(0, 8).SelectMany(word => part.Skip(row * headDim + (word * blocks + block) * 4).Take(4));
            return part[scale..(scale + 2)].Concat(bytes);
        })];
    }

    /// <summary>The first layer's part of every page is as it was.</summary>
    public void AssertNeighbourUntouched()
    {
        foreach (Llama4.Kernels.Buffer page in pages)
        {
            var bytes = new byte[Layer.KeyOffset];
            memory.Device.Download<byte>(Bytes(page), bytes);
            Assert.True(bytes.AsSpan().IndexOfAnyExcept((byte)0xFF) < 0);
        }
    }

    static Tensor Bytes(Llama4.Kernels.Buffer page) => new(page, 0, 1, (int)page.Bytes, Encoding.F8E4M3);
}
