namespace Llama4.Kernels.Gpu.Products;

/// <summary>Places in a tile in shared memory.</summary>
static class TilePlace
{
    public static int Of(int tile, int row, int chunk) => tile + row * 128 + ((chunk ^ row & 7) << 4);
}
