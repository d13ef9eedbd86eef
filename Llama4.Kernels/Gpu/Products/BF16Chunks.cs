using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

readonly struct BF16Chunks : IBFloatChunks
{
    public static int Length => 8;
    public static float Unit => 1;

    public static Float4 Numbers(UInt4 chunk, int quarter)
    {
        uint low = quarter == 0 ? chunk.X : chunk.Z, high = quarter == 0 ? chunk.Y : chunk.W;
        Float4 numbers = default;
        numbers.X = Interop.IntAsFloat(low << 16);
        numbers.Y = Interop.IntAsFloat(low & 0xFFFF0000);
        numbers.Z = Interop.IntAsFloat(high << 16);
        numbers.W = Interop.IntAsFloat(high & 0xFFFF0000);
        return numbers;
    }

    public static uint Unseen(UInt4 chunk) => 0;

    public static UInt4 BFloats(UInt4 chunk, int half) => chunk;
}
