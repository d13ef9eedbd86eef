using ILGPU;

namespace Llama4.Kernels.Gpu;

/// <summary>Makes the bytes of x: a thread for each 32 numbers. Tiny groups count as zeros; one that is not finite has the scale NaN.</summary>
readonly struct QuantiseKernel(long x, ByteRows y, long groups) : IKernel
{
    const int SmallestBits = 127 - 100 << 23, InfinityBits = 0x7F800000;

    public void Run()
    {
        long group = GroupWork.Thread;
        if (group >= groups) return;
        long source = x + group * 128;
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
        UInt4 first = default, second = default;
        first.X = Bytes(a, inverse);
        first.Y = Bytes(b, inverse);
        first.Z = Bytes(c, inverse);
        first.W = Bytes(d, inverse);
        second.X = Bytes(e, inverse);
        second.Y = Bytes(f, inverse);
        second.Z = Bytes(g, inverse);
        second.W = Bytes(h, inverse);
        Memory.Store(y.Values + group * 32, first);
        Memory.Store(y.Values + group * 32 + 16, second);
        Float4 factors = default;
        factors.X = factors.Z = scale;
        factors.Y = scale * Words.Dot(first, Ones());
        factors.W = scale * Words.Dot(second, Ones());
        Memory.Store(y.Factors + group * 16, factors);
    }

    // As integers magnitudes are ordered as the numbers, with infinity and then NaN above all.
    static int Largest(Float4 a, Float4 b) => Largest(Largest(Largest(a.X, a.Y), Largest(a.Z, a.W)), Largest(Largest(b.X, b.Y), Largest(b.Z, b.W)));

    static int Largest(float a, float b) => Largest((int)Interop.FloatAsInt(a) & int.MaxValue, (int)Interop.FloatAsInt(b) & int.MaxValue);

    static int Largest(int a, int b) => IntrinsicMath.Max(a, b);

    static uint Bytes(Float4 x, float inverse) =>
        Byte(x.X * inverse) | Byte(x.Y * inverse) << 8 | Byte(x.Z * inverse) << 16 | Byte(x.W * inverse) << 24;

    static uint Byte(float value) => (uint)(int)Arithmetic.Round(value) & 0xFF;

    static UInt4 Ones()
    {
        UInt4 ones = default;
        ones.X = ones.Y = ones.Z = ones.W = 0x01010101;
        return ones;
    }
}
