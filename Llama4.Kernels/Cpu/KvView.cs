namespace Llama4.Kernels.Cpu;

/// <summary>Where the step's rows find their keys and values: the layout of <see cref="KvPages"/> and <see cref="KvLayer"/> as addresses.</summary>
readonly unsafe struct KvView(StepRows rows, KvPages pages, KvLayer layer)
{
    readonly long* table = (long*)pages.Table.Address;
    readonly int tableColumns = pages.Table.Columns;
    readonly long rowBytes = layer.Encoding.RowBytes(layer.HeadDim);

    public readonly int* Positions = (int*)rows.Positions.Address;
    public readonly int* Sequences = (int*)rows.Sequences.Address;
    public readonly int PageRows = pages.PageRows;
    public readonly int Window = pages.Window;
    public readonly int Heads = layer.Heads;
    public readonly int HeadDim = layer.HeadDim;
    public readonly Encoding Encoding = layer.Encoding;

    readonly long keyOffset = layer.KeyOffset;
    readonly long valueOffset = layer.ValueOffset;

    public int Slot(int position) => Window == 0 ? position : position % Window;

    /// <summary>First position that a row at this position sees.</summary>
    public int ChunkStart(int position) => position - (Window == 0 ? position : Slot(position));

    public byte* Page(int sequence, int slot) => (byte*)table[(long)sequence * tableColumns + slot / PageRows];

    public byte* KeyRow(byte* page, int head, int slot) => page + keyOffset + ((long)head * PageRows + slot % PageRows) * rowBytes;

    public byte* ValueRow(byte* page, int head, int slot) => page + valueOffset + ((long)head * PageRows + slot % PageRows) * rowBytes;

    /// <summary>The row's position is possible and every page up to it is there.</summary>
    public void CheckPages(int row, string operation)
    {
        int position = Positions[row], sequence = Sequences[row];
        if (position < 0) throw new ArgumentOutOfRangeException("rows", position, $"{operation}: position of row {row}");
        int last = Slot(position) / PageRows;
        if (last >= tableColumns)
            throw new ArgumentException($"{operation}: position {position} of row {row} needs page {last}, the table has {tableColumns} columns", "pages");
        for (int page = 0; page <= last; page++)
            if (table[(long)sequence * tableColumns + page] == 0)
                throw new ArgumentException($"{operation}: page {page} of sequence {sequence} is missing, row {row} at position {position} needs it", "pages");
    }
}
