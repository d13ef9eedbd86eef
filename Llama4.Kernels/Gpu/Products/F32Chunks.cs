using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

readonly struct F32Chunks : IChunks
{
    public static int Length => 4;
    public static float Unit => 1;

    public static Float4 Numbers(UInt4 chunk, int quarter)
    {
        Float4 numbers = default;
        numbers.X = Interop.IntAsFloat(chunk.X);
        numbers.Y = Interop.IntAsFloat(chunk.Y);
        numbers.Z = Interop.IntAsFloat(chunk.Z);
        numbers.W = Interop.IntAsFloat(chunk.W);
        return numbers;
    }

    public static uint Unseen(UInt4 chunk) => 0;
}
