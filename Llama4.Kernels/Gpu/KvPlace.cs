namespace Llama4.Kernels.Gpu;

/// <summary>One layer's keys and values as a kernel finds them: the layout of <see cref="KvPages"/> and <see cref="KvLayer"/>.</summary>
readonly struct KvPlace(StepRows rows, KvPages pages, KvLayer layer)
{
    readonly long positions = rows.Positions.Address, sequences = rows.Sequences.Address, table = pages.Table.Address;
    readonly int tableRows = pages.Table.Rows, tableColumns = pages.Table.Columns;
    readonly int pageRows = pages.PageRows, window = pages.Window, heads = layer.Heads, headDim = layer.HeadDim, blockBytes = layer.Encoding.BlockBytes();
    readonly long keys = layer.KeyOffset, values = layer.ValueOffset, rowBytes = layer.Encoding.RowBytes(layer.HeadDim);

    public int Heads => heads;

    public int HeadDim => headDim;

    public int BlockBytes => blockBytes;

    /// <summary>Slot of a row's own position; negative where there is none.</summary>
    public int Slot(long row)
    {
        int position = Memory.Int(positions + row * 4);
        return window == 0 || position < 0 ? position : position % window;
    }

    public int Sequence(long row) => Memory.Int(sequences + row * 4);

    /// <summary>Address of a slot's key, or 0 where the sequence has no such page.</summary>
    public long Key(int sequence, int head, int slot) => Entry(sequence, head, slot, keys);

    /// <summary>Address of a slot's value, or 0 where the sequence has no such page.</summary>
    public long Value(int sequence, int head, int slot) => Entry(sequence, head, slot, values);

    long Entry(int sequence, int head, int slot, long offset)
    {
        int page = slot / pageRows;
        if (sequence < 0 || sequence >= tableRows || slot < 0 || page >= tableColumns) return 0;
        long address = Memory.Long(table + ((long)sequence * tableColumns + page) * 8);
        return address == 0 ? 0 : address + offset + ((long)head * pageRows + slot % pageRows) * rowBytes;
    }
}
