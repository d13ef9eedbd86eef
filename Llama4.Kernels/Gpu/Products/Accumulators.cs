using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Results of a warp: rows of fragments, 16 rows of x each.</summary>
struct Accumulators
{
    public AccumulatorRow A, B, C, D;
}

/// <summary>16 rows and up to 32 outputs: fragments of 16×8.</summary>
struct AccumulatorRow
{
    public Float4 A, B, C, D;
}
