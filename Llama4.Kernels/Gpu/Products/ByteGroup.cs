using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>32 inputs as signed bytes. Tiny groups count as zeros; one that is not finite has the scale NaN. The rule of <see cref="Cpu.InputBlock"/>.</summary>
struct ByteGroup
{
    const int SmallestBits = 127 - 100 << 23, InfinityBits = 0x7F800000;

    public UInt4 First, Second;

    /// <summary>Scale and scale · Σ of the first 16, then of the others.</summary>
    public Float4 Factors;

    /// <param name="source">Address of 32 floats, a multiple of 16.</param>
    public static ByteGroup Of(long source)
    {
        Float4 a = Memory.Floats(source), b = Memory.Floats(source + 16), c = Memory.Floats(source + 32), d = Memory.Floats(source + 48);
        Float4 e = Memory.Floats(source + 64), f = Memory.Floats(source + 80), g = Memory.Floats(source + 96), h = Memory.Floats(source + 112);
        int bits = Largest(Largest(Largest(a, b), Largest(c, d)), Largest(Largest(e, f), Largest(g, h)));
        float largest = Interop.IntAsFloat((uint)bits), scale = largest / 127, inverse = 127 / largest;
        if (bits < SmallestBits || bits >= InfinityBits)
        {
            scale = bits >= InfinityBits ? float.NaN : 0;
            inverse = 0;
            a = b = c = d = e = f = g = h = default;
        }
        ByteGroup group = default;
        group.First.X = Bytes(a, inverse);
        group.First.Y = Bytes(b, inverse);
        group.First.Z = Bytes(c, inverse);
        group.First.W = Bytes(d, inverse);
        group.Second.X = Bytes(e, inverse);
        group.Second.Y = Bytes(f, inverse);
        group.Second.Z = Bytes(g, inverse);
        group.Second.W = Bytes(h, inverse);
        group.Factors.X = group.Factors.Z = scale;
        group.Factors.Y = scale * Words.Dot(group.First, Ones());
        group.Factors.W = scale * Words.Dot(group.Second, Ones());
        return group;
    }

    // As integers magnitudes are ordered as the numbers, with infinity and then NaN above all.
    static int Largest(Float4 a, Float4 b) => Largest(Largest(Largest(a.X, a.Y), Largest(a.Z, a.W)), Largest(Largest(b.X, b.Y), Largest(b.Z, b.W)));

    static int Largest(float a, float b) => Largest((int)Interop.FloatAsInt(a) & int.MaxValue, (int)Interop.FloatAsInt(b) & int.MaxValue);

    static int Largest(int a, int b) => IntrinsicMath.Max(a, b);

    static uint Bytes(Float4 x, float inverse) =>
        Byte(x.X * inverse) | Byte(x.Y * inverse) << 8 | Byte(x.Z * inverse) << 16 | Byte(x.W * inverse) << 24;

    // Beside 1.5 · 2²³ there is no room for a fraction, and the last byte is that of the whole number: many times faster than a conversion.
    static uint Byte(float value) => Interop.FloatAsInt(value + 12582912f) & 0xFF;

    static UInt4 Ones()
    {
        UInt4 ones = default;
        ones.X = ones.Y = ones.Z = ones.W = 0x01010101;
        return ones;
    }
}
