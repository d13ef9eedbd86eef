namespace Llama4.Kernels.Gpu;

/// <summary>
/// Rows of x as signed bytes, x[i] ≈ scale · byte i with a scale for each 32, as on the CPU (<see cref="Cpu.InputBlock"/>):
/// bytes row after row, fewer than 2³¹, and for each 16 the scale and scale · Σ bytes.
/// </summary>
struct ByteRows
{
    public const int GroupLength = 32;

    public long Values, Factors;
    public int Columns;

    /// <summary>Bytes of all: a multiple of 16, since rows are multiples of 32.</summary>
    public static long Bytes(long rows, int columns) => rows * columns + rows * columns / 16 * 8;

    public ByteRows(long address, int rows, int columns)
    {
        Values = address;
        Factors = address + (long)rows * columns;
        Columns = columns;
    }

    public readonly ByteRun Run(int row, int column)
    {
        uint at = (uint)(row * Columns + column);
        Float2 factors = Memory.Pair(Factors + (at >> 1));
        ByteRun run = default;
        run.Values = Memory.Words(Values + at);
        run.Scale = factors.X;
        run.Sum = factors.Y;
        return run;
    }
}

/// <summary>16 inputs.</summary>
struct ByteRun
{
    public UInt4 Values;
    public float Scale, Sum;
}
