using ILGPU.IR.Intrinsics;
using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>Numbers packed in words of 32 bits; the lowest bits come first.</summary>
static class Words
{
    /// <summary>32 bits of the pair (low, high), beginning at bit <paramref name="bits"/>, 0 to 32.</summary>
    [IntrinsicImplementation, Ptx("shf.r.clamp.b32 @r, @0, @1, @2;")]
    public static uint Funnel(uint low, uint high, int bits) => (uint)(((ulong)high << 32 | low) >> bits);

    /// <summary>Without a branch.</summary>
    [IntrinsicImplementation, Ptx("selp.b32 @r, @0, @1, @2;")]
    public static uint Select(uint a, uint b, bool condition) => condition ? a : b;

    /// <summary>Computed here: ILGPU would move what is computed before a loop into it, to where it is used.</summary>
    [IntrinsicImplementation, Ptx("mov.b64 @r, @0;")]
    public static long Kept(long value) => value;

    /// <summary>The same for 32 bits.</summary>
    [IntrinsicImplementation, Ptx("mov.b32 @r, @0;")]
    public static int Kept(int value) => value;

    /// <summary>The binary16 in the lower half.</summary>
    [IntrinsicImplementation, Ptx("{ .reg .b16 low, high; mov.b32 {low, high}, @0; cvt.f32.f16 @r, low; }")]
    public static float LowHalf(uint pair) => Bits.Half((ushort)pair);

    /// <summary>The binary16 in the upper half.</summary>
    [IntrinsicImplementation, Ptx("{ .reg .b16 low, high; mov.b32 {low, high}, @0; cvt.f32.f16 @r, high; }")]
    public static float HighHalf(uint pair) => Bits.Half((ushort)(pair >> 16));

    /// <summary>Σ of the products of 16 signed bytes.</summary>
    public static int Dot(UInt4 a, UInt4 b)
    {
        int sum = Arithmetic.DotBytes((int)a.X, (int)b.X, 0);
        sum = Arithmetic.DotBytes((int)a.Y, (int)b.Y, sum);
        sum = Arithmetic.DotBytes((int)a.Z, (int)b.Z, sum);
        return Arithmetic.DotBytes((int)a.W, (int)b.W, sum);
    }

    /// <summary>The bits of each word from <paramref name="shift"/> on that are in the mask.</summary>
    public static UInt4 Field(UInt4 words, int shift, uint mask)
    {
        words.X = words.X >> shift & mask;
        words.Y = words.Y >> shift & mask;
        words.Z = words.Z >> shift & mask;
        words.W = words.W >> shift & mask;
        return words;
    }

    /// <summary>a + b · 2^shift for words whose bits do not meet.</summary>
    public static UInt4 Join(UInt4 a, UInt4 b, int shift)
    {
        a.X |= b.X << shift;
        a.Y |= b.Y << shift;
        a.Z |= b.Z << shift;
        a.W |= b.W << shift;
        return a;
    }

    /// <summary>16 of the 32 bytes of (low, high), beginning at byte <paramref name="offset"/>, even, 0 to 14.</summary>
    public static UInt4 Window(UInt4 low, UInt4 high, int offset)
    {
        bool one = (offset & 4) != 0, two = (offset & 8) != 0;
        int bits = (offset & 2) * 8;
        uint a = Select(low.Y, low.X, one), b = Select(low.Z, low.Y, one), c = Select(low.W, low.Z, one), d = Select(high.X, low.W, one);
        uint e = Select(high.Y, high.X, one), f = Select(high.Z, high.Y, one), g = Select(high.W, high.Z, one);
        uint third = Select(e, c, two), fourth = Select(f, d, two);
        UInt4 result = default;
        result.X = Funnel(Select(c, a, two), Select(d, b, two), bits);
        result.Y = Funnel(Select(d, b, two), third, bits);
        result.Z = Funnel(third, fourth, bits);
        result.W = Funnel(fourth, Select(g, e, two), bits);
        return result;
    }
}
