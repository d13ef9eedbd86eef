using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Made by a kernel before: bytes row after row, fewer than 2³¹, and for each 16 the scale and scale · Σ bytes.</summary>
struct ByteRows(long address, int rows, int columns) : IByteInput
{
    public const int GroupLength = 32;

    public long Values = address, Factors = address + (long)rows * columns;

    readonly int columns = columns;

    /// <summary>Bytes of all: a multiple of 16, since rows are multiples of 32.</summary>
    public static long Bytes(long rows, int columns) => rows * columns + rows * columns / 16 * 8;

    public readonly void Prepare() { }

    public readonly ByteRun Run(int row, int column)
    {
        uint at = (uint)(row * columns + column);
        Float2 factors = Memory.Pair(Factors + (at >> 1));
        ByteRun run = default;
        run.Values = Memory.Words(Values + at);
        run.Scale = factors.X;
        run.Sum = factors.Y;
        return run;
    }
}
