using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// Sizes that follow from a tile. In shared memory a row of x or of W has 128 bytes for a step of 64 columns, as 8 chunks of 16; chunk c of row r is at place
/// c xor r mod 8, so that 8 rows of a matrix fragment lie in different banks.
/// </summary>
static class TileShape<TTile>
    where TTile : struct, ITile
{
    public const int StepColumns = 64, RowBytes = 128;

    /// <summary>Steps of x in shared memory: one in use, two on their way.</summary>
    public const int InputStages = 3;

    /// <summary>Steps of W: one in use, one being written.</summary>
    public const int WeightStages = 2;

    public static int Threads => Lanes.Count * TTile.RowWarps * TTile.OutputWarps;

    public static int Rows => 16 * TTile.RowFragments * TTile.RowWarps;

    public static int Outputs => 16 * TTile.OutputPairs * TTile.OutputWarps;

    public static int InputBytes => Rows * RowBytes;

    public static int WeightBytes => Outputs * RowBytes;

    public static int SharedBytes => InputStages * InputBytes + WeightStages * WeightBytes;
}
