using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Makes the bytes of x where x itself is made: every lane of a warp holds four neighbours, eight lanes a group of 32. The rule of <see cref="ByteGroup"/>.</summary>
static class ByteWriter
{
    const int SmallestBits = 127 - 100 << 23, InfinityBits = 0x7F800000, Ones = 0x01010101;

    /// <param name="first">Number of the first of the four among those of all rows.</param>
    /// <param name="isPresent">False in lanes beyond the end, which take part.</param>
    public static void Write(in ByteRows y, long first, Float4 x, bool isPresent)
    {
        int bits = Largest(Largest(Magnitude(x.X), Magnitude(x.Y)), Largest(Magnitude(x.Z), Magnitude(x.W)));
        bits = Largest(bits, Other(bits, 1));
        bits = Largest(bits, Other(bits, 2));
        bits = Largest(bits, Other(bits, 4));
        float largest = Interop.IntAsFloat((uint)bits), scale = largest / 127, inverse = 127 / largest;
        uint word = Byte(x.X * inverse) | Byte(x.Y * inverse) << 8 | Byte(x.Z * inverse) << 16 | Byte(x.W * inverse) << 24;
        if (bits < SmallestBits || bits >= InfinityBits)
        {
            scale = bits >= InfinityBits ? float.NaN : 0;
            word = 0;
        }
        // Four lanes have 16 numbers; so small sums are exact.
        float sum = Arithmetic.DotBytes((int)word, Ones, 0);
        sum += Lanes.Other(sum, 1);
        sum += Lanes.Other(sum, 2);
        if (!isPresent) return;
        Memory.Store(y.Values + first, (int)word);
        if (first % 16 != 0) return;
        Float2 factors = default;
        factors.X = scale;
        factors.Y = scale * sum;
        Memory.Store(y.Factors + first / 2, factors);
    }

    // As integers magnitudes are ordered as the numbers, with infinity and then NaN above all.
    static int Magnitude(float x) => (int)Interop.FloatAsInt(x) & int.MaxValue;

    static int Largest(int a, int b) => IntrinsicMath.Max(a, b);

    static int Other(int bits, int mask) => (int)Interop.FloatAsInt(Lanes.Other(Interop.IntAsFloat((uint)bits), mask));

    // Beside 1.5 · 2²³ there is no room for a fraction, and the last byte is that of the whole number.
    static uint Byte(float value) => Interop.FloatAsInt(value + 12582912f) & 0xFF;
}
