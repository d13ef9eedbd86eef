namespace Llama4.Kernels.Gpu.Products;

/// <summary>Rows of x as bfloat16, with zeros up to a multiple of 64 columns.</summary>
struct BFloatRows(long address, int columns)
{
    public long Address = address;
    public int Columns = Padded(columns);

    public static int Padded(int columns) => (columns + 63) / 64 * 64;

    public static long Bytes(long rows, int columns) => rows * Padded(columns) * 2;
}
