using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>One layer's keys and values as a kernel finds them: the layout of <see cref="KvPages"/> and <see cref="KvLayer"/>.</summary>
readonly struct KvPlace(StepRows rows, KvPages pages, KvLayer layer)
{
    readonly long positions = rows.Positions.Address, sequences = rows.Sequences.Address, table = pages.Table.Address;
    readonly int tableRows = pages.Table.Rows, tableColumns = pages.Table.Columns;
    readonly int pageRows = pages.PageRows, window = pages.Window, heads = layer.Heads, headDim = layer.HeadDim;
    readonly long keys = layer.KeyOffset, values = layer.ValueOffset, partBytes = layer.Encoding.RowBytes(layer.HeadDim) * pages.PageRows;

    public int Heads => heads;

    public int HeadDim => headDim;

    public int PageRows => pageRows;

    public int Position(long row) => Memory.Int(positions + row * 4);

    /// <summary>Slot of a row's own position; negative where there is none.</summary>
    public int Slot(long row)
    {
        int position = Position(row);
        return window == 0 || position < 0 ? position : position % window;
    }

    public int Sequence(long row) => Memory.Int(sequences + row * 4);

    /// <summary>Address of the page with a slot, or 0 where the sequence has no such page.</summary>
    public long Page(int sequence, int slot)
    {
        int page = slot / pageRows;
        if (sequence < 0 || sequence >= tableRows || slot < 0 || page >= tableColumns) return 0;
        return Memory.Long(table + ((long)sequence * tableColumns + page) * 8);
    }

    /// <summary>A slot's row in its page.</summary>
    public int Row(int slot) => slot % pageRows;

    /// <summary>Address of a head's keys in a page.</summary>
    public long Keys(long page, int head) => page + keys + head * partBytes;

    /// <summary>Address of a head's values in a page.</summary>
    public long Values(long page, int head) => page + values + head * partBytes;
}
