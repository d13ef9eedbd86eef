namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// Brings weights into shared memory as bfloat16, step by step of 64 columns: loads long before, conversion just in time. In both a thread does its part.
/// </summary>
/// <typeparam name="TRaw">What a thread holds in between.</typeparam>
interface ITileWeights<TRaw>
    where TRaw : unmanaged
{
    /// <summary>Column of x that run <paramref name="run"/> of 16 of a step begins with: any order will do that x and W share.</summary>
    static abstract int Column(int step, int run);

    /// <summary>Finds the outputs of this thread.</summary>
    static abstract void Begin<TTile>(ref TileWeights source)
        where TTile : struct, ITile;

    static abstract TRaw Load<TTile>(in TileWeights source, int step)
        where TTile : struct, ITile;

    /// <param name="tile">Address in shared memory. Columns that W does not have become 0.</param>
    static abstract void Store<TTile>(in TileWeights source, int step, TRaw raw, int tile)
        where TTile : struct, ITile;
}
