using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Bench.Cpu;

/// <summary>Loops that touch no memory: what the arithmetic units do at best with vectors of 256 bits.</summary>
static class RegisterLoops
{
    const int Rounds = 4_000_000;
    const int Chains = 8;

    /// <summary>Multiplications and additions of one call of <see cref="MultiplyAdd"/>.</summary>
    public const double Flops = 2.0 * Rounds * Chains * 8;

    /// <summary>The same of <see cref="ByteProducts"/>.</summary>
    public const double Products = 2.0 * Rounds * Chains * 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong MultiplyAdd()
    {
        Vector256<float> a = Vector256.Create(0.5f), b = Vector256.Create(0.25f);
        Vector256<float> s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a;
        for (int i = 0; i < Rounds; i++)
        {
            s0 = Vector256.MultiplyAddEstimate(s0, a, b);
            s1 = Vector256.MultiplyAddEstimate(s1, a, b);
            s2 = Vector256.MultiplyAddEstimate(s2, a, b);
            s3 = Vector256.MultiplyAddEstimate(s3, a, b);
            s4 = Vector256.MultiplyAddEstimate(s4, a, b);
            s5 = Vector256.MultiplyAddEstimate(s5, a, b);
            s6 = Vector256.MultiplyAddEstimate(s6, a, b);
            s7 = Vector256.MultiplyAddEstimate(s7, a, b);
        }
        return Vector256.Sum((s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7))).AsUInt64());
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong ByteProducts()
    {
        Vector256<byte> w = Vector256.Create((byte)3);
        Vector256<sbyte> x = Vector256.Create((sbyte)5);
        Vector256<short> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int i = 0; i < Rounds; i++)
        {
            s0 += Multiply(w, x);
            s1 += Multiply(w, x);
            s2 += Multiply(w, x);
            s3 += Multiply(w, x);
            s4 += Multiply(w, x);
            s5 += Multiply(w, x);
            s6 += Multiply(w, x);
            s7 += Multiply(w, x);
            // Other factors each time, or the products would be made once.
            x = x ^ s0.AsSByte();
        }
        return Vector256.Sum((s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7))).AsUInt64());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<short> Multiply(Vector256<byte> w, Vector256<sbyte> x) => Avx2.IsSupported
        ? Avx2.MultiplyAddAdjacent(w, x)
        : Vector256.WidenLower(w).AsInt16() * Vector256.WidenLower(x) + Vector256.WidenUpper(w).AsInt16() * Vector256.WidenUpper(x);
}
