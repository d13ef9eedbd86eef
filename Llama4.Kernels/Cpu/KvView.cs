using System.Runtime.CompilerServices;

namespace Llama4.Kernels.Cpu;

/// <summary>One layer's keys and values as addresses: the layout of <see cref="KvPages"/> and <see cref="KvLayer"/>, checked.</summary>
readonly unsafe struct KvView
{
    readonly long* table;
    readonly int tableColumns;
    readonly int pageRows;
    readonly long rowBytes;
    readonly int window;
    readonly KvLayer layer;

    /// <exception cref="ArgumentException">A row is outside the table, or a page that it needs is missing.</exception>
    public KvView(StepRows rows, int count, KvPages pages, KvLayer layer, [CallerMemberName] string operation = "")
    {
        Check.Cache(rows, count, pages, layer, operation);
        this.layer = layer;
        table = (long*)pages.Table.Address;
        tableColumns = pages.Table.Columns;
        pageRows = pages.PageRows;
        window = pages.Window;
        rowBytes = layer.Encoding.RowBytes(layer.HeadDim);
        Positions = (int*)rows.Positions.Address;
        Sequences = (int*)rows.Sequences.Address;
        CheckRows(count, pages.Table.Rows, operation);
    }

    public int* Positions { get; }

    public int* Sequences { get; }

    public int Heads => layer.Heads;

    public int HeadDim => layer.HeadDim;

    public Encoding Encoding => layer.Encoding;

    public int Slot(int row) => window == 0 ? Positions[row] : Positions[row] % window;

    /// <summary>Whether two rows see the same positions, as far as they have come.</summary>
    public bool SameChunk(int row, int other) =>
        Sequences[row] == Sequences[other] && (window == 0 || Positions[row] / window == Positions[other] / window);

    /// <summary>Address of a slot's key; the following slots of its page follow it.</summary>
    public byte* Key(int sequence, int head, int slot) => Entry(sequence, head, slot) + layer.KeyOffset;

    /// <summary>Address of a slot's value; the following slots of its page follow it.</summary>
    public byte* Value(int sequence, int head, int slot) => Entry(sequence, head, slot) + layer.ValueOffset;

    /// <summary>Slots from this one to the end of its page.</summary>
    public int LeftInPage(int slot) => pageRows - slot % pageRows;

    byte* Entry(int sequence, int head, int slot)
    {
        (int page, int row) = Math.DivRem(slot, pageRows);
        return (byte*)table[(long)sequence * tableColumns + page] + ((long)head * pageRows + row) * rowBytes;
    }

    void CheckRows(int count, int sequences, string operation)
    {
        Check.Rows(new ReadOnlySpan<int>(Sequences, count), sequences, "rows", operation);
        int checkedSlot = -1;
        for (int t = 0; t < count; t++)
        {
            int position = Positions[t];
            if (position < 0) throw new ArgumentOutOfRangeException("rows", position, $"{operation}: position of row {t}");
            if (t == 0 || !SameChunk(t, t - 1)) checkedSlot = -1;
            int slot = Slot(t);
            if (slot <= checkedSlot) continue;
            CheckPages(Sequences[t], (checkedSlot + 1) / pageRows, slot / pageRows, operation);
            checkedSlot = slot;
        }
    }

    void CheckPages(int sequence, int from, int to, string operation)
    {
        if (to >= tableColumns)
            throw new ArgumentException($"{operation}: sequence {sequence} needs page {to}, the table has {tableColumns} columns", "pages");
        for (int page = from; page <= to; page++)
            if (table[(long)sequence * tableColumns + page] == 0)
                throw new ArgumentException($"{operation}: page {page} of sequence {sequence} is missing", "pages");
    }
}
