using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Where the sums of a group go.</summary>
struct TileResult<TTile>(ProductPart part, RowTile rows, RowOrder order, int firstOutput)
    where TTile : struct, ITile
{
    public ProductPart Part = part;

    readonly RowTile rows = rows;
    readonly RowOrder order = order;
    readonly int firstOutput = firstOutput;

    public readonly void Store(in Accumulators sums)
    {
        int row = Group.IdxX / Lanes.Count / TTile.OutputWarps * 16 * TTile.RowFragments + (Warp.LaneIdx >> 2);
        Store(sums.A, row);
        if (TTile.RowFragments > 1) Store(sums.B, row + 16);
        if (TTile.RowFragments > 2) Store(sums.C, row + 32);
        if (TTile.RowFragments > 2) Store(sums.D, row + 48);
    }

    /// <summary>Results of an unknown expert.</summary>
    public readonly void StoreNaN()
    {
        int outputs = IntrinsicMath.Min(TileShape<TTile>.Outputs, Part.Outputs - firstOutput);
        for (int i = Group.IdxX; i < rows.Count * outputs; i += Group.DimX)
            Memory.Store(Part.Y + ((long)rows.Row(order, i / outputs) * Part.Outputs + firstOutput + i % outputs) * 4, float.NaN);
    }

    readonly void Store(in AccumulatorRow sums, int place)
    {
        int output = firstOutput + Group.IdxX / Lanes.Count % TTile.OutputWarps * 16 * TTile.OutputPairs + (Warp.LaneIdx & 3) * 2;
        int upper = rows.Row(order, place), lower = rows.Row(order, place + 8);
        bool hasUpper = place < rows.Count, hasLower = place + 8 < rows.Count;
        Store(sums.A, upper, lower, hasUpper, hasLower, output);
        Store(sums.B, upper, lower, hasUpper, hasLower, output + 8);
        if (TTile.OutputPairs == 1) return;
        Store(sums.C, upper, lower, hasUpper, hasLower, output + 16);
        Store(sums.D, upper, lower, hasUpper, hasLower, output + 24);
    }

    readonly void Store(Float4 sums, int upper, int lower, bool hasUpper, bool hasLower, int output)
    {
        bool hasFirst = output < Part.Outputs, hasSecond = output + 1 < Part.Outputs;
        if (hasUpper && hasFirst) Part.Store(upper, output, sums.X);
        if (hasUpper && hasSecond) Part.Store(upper, output + 1, sums.Y);
        if (hasLower && hasFirst) Part.Store(lower, output, sums.Z);
        if (hasLower && hasSecond) Part.Store(lower, output + 1, sums.W);
    }
}
