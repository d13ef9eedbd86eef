using ILGPU;
using ILGPU.IR.Intrinsics;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>Single instructions of arithmetic, and the functions made of them. ILGPU's own are missing, slow or not what they say.</summary>
static class Arithmetic
{
    /// <summary>2ˣ, relative error about 2⁻²².</summary>
    [IntrinsicImplementation, Ptx("ex2.approx.ftz.f32 @r, @0;")]
    public static float Exp2(float x) => MathF.Pow(2, x);

    /// <summary>Logarithm to base 2, absolute error about 2⁻²².</summary>
    [IntrinsicImplementation, Ptx("lg2.approx.f32 @r, @0;")]
    public static float Log2(float x) => MathF.Log(x) * 1.44269504f;

    /// <summary>x · y + z, rounded once.</summary>
    [IntrinsicImplementation, Ptx("fma.rn.f32 @r, @0, @1, @2;")]
    public static float MultiplyAdd(float x, float y, float z) => MathF.FusedMultiplyAdd(x, y, z);

    /// <summary>x · y + z, rounded once.</summary>
    [IntrinsicImplementation, Ptx("fma.rn.f64 @r, @0, @1, @2;")]
    public static double MultiplyAdd(double x, double y, double z) => Math.FusedMultiplyAdd(x, y, z);

    /// <summary>To nearest, ties to even.</summary>
    [IntrinsicImplementation, Ptx("cvt.rni.f32.f32 @r, @0;")]
    public static float Round(float x) => MathF.Round(x);

    /// <summary>To nearest, ties to even.</summary>
    [IntrinsicImplementation, Ptx("cvt.rni.f64.f64 @r, @0;")]
    public static double Round(double x) => Math.Round(x);

    [IntrinsicImplementation, Ptx("cvt.rmi.f32.f32 @r, @0;")]
    public static float Floor(float x) => MathF.Floor(x);

    /// <summary>The four products of signed bytes, added to c.</summary>
    [IntrinsicImplementation, Ptx("dp4a.s32.s32 @r, @0, @1, @2;")]
    public static int DotBytes(int a, int b, int c)
    {
        for (int shift = 0; shift < 32; shift += 8) c += (sbyte)(a >> shift) * (sbyte)(b >> shift);
        return c;
    }

    /// <summary>Two bfloat16 to nearest, ties to even; the first in the lower half.</summary>
    [IntrinsicImplementation, Ptx("cvt.rn.bf16x2.f32 @r, @1, @0;")]
    public static uint PackBFloats(float low, float high) => Formats.Bits.ToBFloat(low) | (uint)Formats.Bits.ToBFloat(high) << 16;

    /// <summary>Two binary16 to nearest, ties to even; the first in the lower half.</summary>
    [IntrinsicImplementation, Ptx("cvt.rn.f16x2.f32 @r, @1, @0;")]
    public static uint PackHalves(float low, float high) => Formats.Bits.ToHalf(low) | (uint)Formats.Bits.ToHalf(high) << 16;

    /// <summary>The lower halves of two words, the first's first.</summary>
    [IntrinsicImplementation, Ptx("prmt.b32 @r, @0, @1, 0x5410;")]
    public static uint LowHalves(uint a, uint b) => a & 0xFFFF | b << 16;

    /// <summary>The upper halves of two words, the first's first.</summary>
    [IntrinsicImplementation, Ptx("prmt.b32 @r, @0, @1, 0x7632;")]
    public static uint HighHalves(uint a, uint b) => a >> 16 | b & 0xFFFF0000;

    /// <summary>2²³ plus a byte of a word, which a constant numbers from the lowest.</summary>
    [IntrinsicImplementation, Ptx("prmt.b32 @r, @0, 0x4B000000, 0x754#1;")]
    public static float RaisedByte(uint word, int index) => 8388608f + (word >> 8 * index & 0xFF);

    /// <summary>A binary16 to nearest, ties to even.</summary>
    [IntrinsicImplementation, Ptx("cvt.rn.f16.f32 @r, @0;")]
    public static ushort ToHalf(float x) => Formats.Bits.ToHalf(x);

    /// <summary>eˣ, relative error below 2⁻²¹ where the result is a normal number.</summary>
    public static float Exp(float x)
    {
        // x = (n + f) / log2(e) with n whole, so that the rounding of a large product does not reach the result.
        const float Log2E = 1.44269502f, Rest = 1.92596303e-8f;
        float scaled = x * Log2E;
        if (scaled < -300) return 0;
        if (scaled > 300) return float.PositiveInfinity;
        float whole = Round(scaled);
        float fraction = MultiplyAdd(x, Log2E, -whole) + x * Rest;
        // Two factors, since neither a denormal result nor its power of 2 comes out of one instruction.
        float half = Floor(whole * 0.5f);
        return Exp2(fraction) * Exp2(half) * Exp2(whole - half);
    }
}
