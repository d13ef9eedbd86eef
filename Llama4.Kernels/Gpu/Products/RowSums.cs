namespace Llama4.Kernels.Gpu.Products;

/// <summary>A sum for each of eight rows.</summary>
struct RowSums
{
    public float A, B, C, D, E, F, G, H;
}
