using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>A float format whose numbers may be rounded to bfloat16.</summary>
interface IBFloatChunks : IChunks
{
    /// <summary>Eight numbers from <paramref name="half"/> · 8 on, a constant. With a number that is <see cref="IChunks.Unseen"/> all may be NaN.</summary>
    static abstract UInt4 BFloats(UInt4 chunk, int half);
}
