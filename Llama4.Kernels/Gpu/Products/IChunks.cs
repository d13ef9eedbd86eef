using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>A float format by loads of 16 bytes.</summary>
interface IChunks
{
    /// <summary>Numbers in 16 bytes, a multiple of 4.</summary>
    static abstract int Length { get; }

    /// <summary>What the numbers given are to be multiplied with, a power of 2.</summary>
    static abstract float Unit { get; }

    /// <summary>Four numbers from <paramref name="quarter"/> · 4 on, a constant.</summary>
    static abstract Float4 Numbers(UInt4 chunk, int quarter);

    /// <summary>Not 0 if a number of the chunk is a NaN that <see cref="Numbers"/> does not give as such: the bits under 0x80808080.</summary>
    static abstract uint Unseen(UInt4 chunk);
}
