namespace Llama4.Kernels.Gpu;

readonly struct F16Chunks : IChunks
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
}
