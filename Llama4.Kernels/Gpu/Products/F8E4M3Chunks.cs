using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>As binary16 whose exponent is too small by the difference of the biases, 15 − 7: denormal numbers come out right as well.</summary>
readonly struct F8E4M3Chunks : IBFloatChunks
{
    public static int Length => 16;
    public static float Unit => 256;

    public static Float4 Numbers(UInt4 chunk, int quarter)
    {
        uint odd = quarter == 0 ? chunk.X : quarter == 1 ? chunk.Y : quarter == 2 ? chunk.Z : chunk.W, even = odd << 8;
        // The number's byte is the upper one of a half: all but the sign one bit down.
        even = even >> 1 & 0x3F803F80 | even & 0x80008000;
        odd = odd >> 1 & 0x3F803F80 | odd & 0x80008000;
        Float4 numbers = default;
        numbers.X = Words.LowHalf(even);
        numbers.Y = Words.LowHalf(odd);
        numbers.Z = Words.HighHalf(even);
        numbers.W = Words.HighHalf(odd);
        return numbers;
    }

    // NaN is all ones but the sign.
    public static uint Unseen(UInt4 chunk) =>
        (chunk.X & 0x7F7F7F7F) + 0x01010101 | (chunk.Y & 0x7F7F7F7F) + 0x01010101
        | (chunk.Z & 0x7F7F7F7F) + 0x01010101 | (chunk.W & 0x7F7F7F7F) + 0x01010101;

    public static UInt4 BFloats(UInt4 chunk, int half)
    {
        Float4 a = Numbers(chunk, half == 0 ? 0 : 2), b = Numbers(chunk, half == 0 ? 1 : 3);
        float unit = (Unseen(chunk) & 0x80808080) == 0 ? Unit : float.NaN;
        chunk.X = Arithmetic.PackBFloats(a.X * unit, a.Y * unit);
        chunk.Y = Arithmetic.PackBFloats(a.Z * unit, a.W * unit);
        chunk.Z = Arithmetic.PackBFloats(b.X * unit, b.Y * unit);
        chunk.W = Arithmetic.PackBFloats(b.Z * unit, b.W * unit);
        return chunk;
    }
}
