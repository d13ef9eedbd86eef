namespace Llama4.Kernels.Cpu;

/// <summary>Rows in items of about 4096 numbers: large enough to be worth a hand-out, small enough to share evenly.</summary>
readonly struct RowBlocks(int rows, int columns)
{
    readonly int rowsPerBlock = Math.Max(1, 4096 / Math.Max(1, columns));

    public int Columns => columns;

    /// <summary>Number of blocks.</summary>
    public int Count => (int)(((long)rows + rowsPerBlock - 1) / rowsPerBlock);

    public int From(int block) => block * rowsPerBlock;

    public int To(int block) => (int)Math.Min(rows, ((long)block + 1) * rowsPerBlock);
}
