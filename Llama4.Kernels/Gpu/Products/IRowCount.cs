namespace Llama4.Kernels.Gpu.Products;

/// <summary>Rows of x, or blocks of rows, that meet a weight while it is in registers.</summary>
interface IRowCount
{
    static abstract int Count { get; }
}

readonly struct OneRow : IRowCount
{
    public static int Count => 1;
}

readonly struct TwoRows : IRowCount
{
    public static int Count => 2;
}

readonly struct FourRows : IRowCount
{
    public static int Count => 4;
}

readonly struct EightRows : IRowCount
{
    public static int Count => 8;
}
