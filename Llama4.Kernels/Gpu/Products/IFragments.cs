using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// What a lane has of 64 neighbouring weights of a row: of each group of 32 eight, those of lane place t from 8t on, with the group's scale and offset.
/// </summary>
struct WeightFragment
{
    /// <summary>Signed bytes.</summary>
    public UInt2 First, Second;

    public float FirstScale, FirstOffset, SecondScale, SecondOffset;
}

/// <summary>A quantised format as fragments of matrices.</summary>
/// <typeparam name="TRaw">What the loads give.</typeparam>
interface IFragments<TRaw>
    where TRaw : unmanaged
{
    static abstract bool HasOffsets { get; }

    /// <summary>Pairs of groups of 32 that are loaded together: 1 or 4.</summary>
    static abstract int Pairs { get; }

    /// <param name="row">Address of the row.</param>
    /// <param name="step">Which <see cref="Pairs"/> · 64 weights.</param>
    /// <param name="place">Of the lane in its four, 0 to 3.</param>
    static abstract TRaw Load(long row, int step, int place);

    /// <param name="pair">A constant.</param>
    static abstract WeightFragment Unpack(TRaw raw, long row, int step, int pair);
}
