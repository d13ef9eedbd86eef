namespace Llama4.Kernels.Gpu.Products;

/// <summary>Rows that share a matrix, in the order of their experts where there are experts.</summary>
struct RowOrder
{
    /// <summary>0, or for each place the row that is there.</summary>
    public long Rows;

    /// <summary>For each expert, for the rows of unknown experts, and for the end, the first place: experts + 2 numbers.</summary>
    public long Starts;
}
