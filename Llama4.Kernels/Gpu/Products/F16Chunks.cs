using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

readonly struct F16Chunks : IBFloatChunks
{
    public static int Length => 8;
    public static float Unit => 1;

    public static Float4 Numbers(UInt4 chunk, int quarter)
    {
        uint low = quarter == 0 ? chunk.X : chunk.Z, high = quarter == 0 ? chunk.Y : chunk.W;
        Float4 numbers = default;
        numbers.X = Words.LowHalf(low);
        numbers.Y = Words.HighHalf(low);
        numbers.Z = Words.LowHalf(high);
        numbers.W = Words.HighHalf(high);
        return numbers;
    }

    public static uint Unseen(UInt4 chunk) => 0;

    public static UInt4 BFloats(UInt4 chunk, int half)
    {
        chunk.X = Arithmetic.PackBFloats(Words.LowHalf(chunk.X), Words.HighHalf(chunk.X));
        chunk.Y = Arithmetic.PackBFloats(Words.LowHalf(chunk.Y), Words.HighHalf(chunk.Y));
        chunk.Z = Arithmetic.PackBFloats(Words.LowHalf(chunk.Z), Words.HighHalf(chunk.Z));
        chunk.W = Arithmetic.PackBFloats(Words.LowHalf(chunk.W), Words.HighHalf(chunk.W));
        return chunk;
    }
}
