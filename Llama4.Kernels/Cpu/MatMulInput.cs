using System.Runtime.CompilerServices;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Rows of x, brought once per call into the forms that the kernels read: floats in panels, and bytes in blocks.
/// Panel (or block) p of all rows comes before p + 1, so a kernel that works panel by panel finds its rows side by side.
/// </summary>
sealed unsafe class MatMulInput : IDisposable
{
    /// <summary>Rows at a time: enough to be bound by arithmetic, few enough for the cache.</summary>
    public const int MaxRows = 256;

    /// <summary>Numbers of a row in a panel of floats. A dot product adds up panel by panel.</summary>
    public const int PanelLength = 512;

    /// <summary>Numbers that a dot product takes at a time; the last ones of a panel are padded with zeros.</summary>
    public const int PanelStep = 32;

    /// <summary>Blocks behind the last one that may be read: tiles are of four rows, whether there are as many or not.</summary>
    const int ReadBeyond = 3;

    readonly Scratch panelScratch = new(), blockScratch = new();
    float* panels;
    InputBlock* blocks;

    public int Columns { get; private set; }

    public int Rows { get; private set; }

    public int Panels => (Columns + PanelLength - 1) / PanelLength;

    public int Blocks => (Columns + InputBlock.Length - 1) / InputBlock.Length;

    /// <summary>Numbers in panel <paramref name="panel"/>; what follows them in a row's panel is zero.</summary>
    public int PanelCount(int panel) => Math.Min(PanelLength, Columns - panel * PanelLength);

    /// <summary>The next multiple of <see cref="PanelStep"/>.</summary>
    public static int Padded(int count) => (count + PanelStep - 1) / PanelStep * PanelStep;

    public float* Panel(int panel, int row) => panels + ((long)panel * Rows + row) * PanelLength;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public InputBlock* Block(int block, int row) => blocks + ((long)block * Rows + row);

    /// <param name="x">Rows of <paramref name="columns"/> numbers.</param>
    /// <param name="order">Which row of x becomes packed row r; null: row r.</param>
    /// <param name="asFloats">Whether the floats are needed.</param>
    /// <param name="asBytes">Whether the bytes are needed.</param>
    public void Pack(Team team, float* x, int columns, int* order, int rows, bool asFloats, bool asBytes)
    {
        Columns = columns;
        Rows = rows;
        if (asFloats) panels = panelScratch.Floats((long)Panels * rows * PanelLength);
        if (asBytes) blocks = (InputBlock*)blockScratch.Floats(((long)Blocks * rows + ReadBeyond) * (InputBlock.Bytes / sizeof(float)));
        team.For(new PackWork(this, x, order, asFloats, asBytes), rows, alone: (long)rows * columns < 16 * 1024);
    }

    public void Dispose()
    {
        panelScratch.Dispose();
        blockScratch.Dispose();
    }

    readonly struct PackWork(MatMulInput input, float* x, int* order, bool asFloats, bool asBytes) : IWork
    {
        public void Run(int item, int worker)
        {
            float* row = x + (long)(order is null ? item : order[item]) * input.Columns;
            if (asFloats)
                for (int panel = 0; panel < input.Panels; panel++)
                {
                    int count = input.PanelCount(panel);
                    var target = new Span<float>(input.Panel(panel, item), PanelLength);
                    new ReadOnlySpan<float>(row + panel * PanelLength, count).CopyTo(target);
                    target[count..].Clear();
                }
            if (asBytes)
                for (int block = 0; block < input.Blocks; block++)
                    input.Block(block, item)->Set(row + block * InputBlock.Length, Math.Min(InputBlock.Length, input.Columns - block * InputBlock.Length));
        }
    }
}
