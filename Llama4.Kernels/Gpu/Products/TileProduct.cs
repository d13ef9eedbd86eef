using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Products of the tiles in shared memory: where a lane's rows of matrices begin.</summary>
readonly struct TileProduct<TTile>
    where TTile : struct, ITile
{
    readonly int inputs, inputChunk, weights, weightChunk;

    // Bytes of 16 rows.
    const int Fragment = 16 * 128;

    TileProduct(int warp, int lane)
    {
        // Of x the upper and lower 8 rows at the first 8 columns, then at the others; of W 8 outputs at the first and the other columns, then the next 8.
        int row = warp / TTile.OutputWarps * 16 * TTile.RowFragments + (lane & 15);
        int output = warp % TTile.OutputWarps * 16 * TTile.OutputPairs + (lane >> 4) * 8 + (lane & 7);
        inputs = Words.Kept(row * 128);
        weights = Words.Kept(output * 128);
        inputChunk = Words.Kept((lane >> 4 ^ lane & 7) << 4);
        weightChunk = Words.Kept((lane >> 3 & 1 ^ lane & 7) << 4);
    }

    public static TileProduct<TTile> Create() => new(Group.IdxX / Lanes.Count, Warp.LaneIdx);

    /// <summary>Adds a step of 64 columns.</summary>
    public void Add(ref Accumulators sums, int inputTile, int weightTile)
    {
        AddPart(ref sums, inputTile, weightTile, 0);
        AddPart(ref sums, inputTile, weightTile, 2);
        AddPart(ref sums, inputTile, weightTile, 4);
        AddPart(ref sums, inputTile, weightTile, 6);
    }

    /// <summary>16 columns, which begin with chunk <paramref name="chunk"/>, even.</summary>
    void AddPart(ref Accumulators sums, int inputTile, int weightTile, int chunk)
    {
        int weight = weightTile + weights + (weightChunk ^ chunk << 4), input = inputTile + inputs + (inputChunk ^ chunk << 4);
        UInt4 first = SharedBytes.LoadMatrices(weight), second = default;
        if (TTile.OutputPairs > 1) second = SharedBytes.LoadMatrices(weight + Fragment);
        Add(ref sums.A, SharedBytes.LoadMatrices(input), first, second);
        if (TTile.RowFragments > 1) Add(ref sums.B, SharedBytes.LoadMatrices(input + Fragment), first, second);
        if (TTile.RowFragments > 2) Add(ref sums.C, SharedBytes.LoadMatrices(input + 2 * Fragment), first, second);
        if (TTile.RowFragments > 2) Add(ref sums.D, SharedBytes.LoadMatrices(input + 3 * Fragment), first, second);
    }

    static void Add(ref AccumulatorRow sums, UInt4 x, UInt4 first, UInt4 second)
    {
        sums.A = TensorCore.MultiplyBFloats(sums.A, x, Low(first));
        sums.B = TensorCore.MultiplyBFloats(sums.B, x, High(first));
        if (TTile.OutputPairs == 1) return;
        sums.C = TensorCore.MultiplyBFloats(sums.C, x, Low(second));
        sums.D = TensorCore.MultiplyBFloats(sums.D, x, High(second));
    }

    static UInt2 Low(UInt4 matrices)
    {
        UInt2 pair = default;
        pair.X = matrices.X;
        pair.Y = matrices.Y;
        return pair;
    }

    static UInt2 High(UInt4 matrices)
    {
        UInt2 pair = default;
        pair.X = matrices.Z;
        pair.Y = matrices.W;
        return pair;
    }
}
