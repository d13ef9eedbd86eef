using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Bench.Cpu;

/// <summary>Loops that touch no memory: what the arithmetic units do at best with the widest vectors and the best instructions that .NET reaches.</summary>
static class RegisterLoops
{
    const int Rounds = 4_000_000;
    const int Chains = 8;

    // Each waits five cycles for the one before, and two begin in a cycle.
    const int DotChains = 10;

    /// <summary>Multiplications and additions of one call of <see cref="MultiplyAdd"/>.</summary>
    public static double Flops => 2.0 * Rounds * Chains * (Vector512.IsHardwareAccelerated ? 16 : 8);

    /// <summary>The same of <see cref="ByteProducts"/>.</summary>
    public static double Products => 2.0 * Rounds * (AvxVnni.IsSupported ? DotChains : Chains) * 32;

    public static ulong MultiplyAdd() => Vector512.IsHardwareAccelerated ? MultiplyAddWide() : MultiplyAddNarrow();

    public static ulong ByteProducts() => AvxVnni.IsSupported ? DotProducts() : PairProducts();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static ulong MultiplyAddWide()
    {
        Vector512<float> a = Vector512.Create(0.5f), b = Vector512.Create(0.25f);
        Vector512<float> s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a, s7 = a;
        for (int i = 0; i < Rounds; i++)
        {
            s0 = Vector512.MultiplyAddEstimate(s0, a, b);
            s1 = Vector512.MultiplyAddEstimate(s1, a, b);
            s2 = Vector512.MultiplyAddEstimate(s2, a, b);
            s3 = Vector512.MultiplyAddEstimate(s3, a, b);
            s4 = Vector512.MultiplyAddEstimate(s4, a, b);
            s5 = Vector512.MultiplyAddEstimate(s5, a, b);
            s6 = Vector512.MultiplyAddEstimate(s6, a, b);
            s7 = Vector512.MultiplyAddEstimate(s7, a, b);
        }
        return Vector512.Sum((s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7))).AsUInt64());
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static ulong MultiplyAddNarrow()
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
    static ulong DotProducts()
    {
        Vector256<byte> w = Vector256.Create((byte)3);
        Vector256<sbyte> x = Vector256.Create((sbyte)5);
        Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default, s8 = default, s9 = default;
        for (int i = 0; i < Rounds; i++)
        {
            s0 = AvxVnni.MultiplyWideningAndAdd(s0, w, x);
            s1 = AvxVnni.MultiplyWideningAndAdd(s1, w, x);
            s2 = AvxVnni.MultiplyWideningAndAdd(s2, w, x);
            s3 = AvxVnni.MultiplyWideningAndAdd(s3, w, x);
            s4 = AvxVnni.MultiplyWideningAndAdd(s4, w, x);
            s5 = AvxVnni.MultiplyWideningAndAdd(s5, w, x);
            s6 = AvxVnni.MultiplyWideningAndAdd(s6, w, x);
            s7 = AvxVnni.MultiplyWideningAndAdd(s7, w, x);
            s8 = AvxVnni.MultiplyWideningAndAdd(s8, w, x);
            s9 = AvxVnni.MultiplyWideningAndAdd(s9, w, x);
        }
        return Vector256.Sum((s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7)) + (s8 + s9)).AsUInt64());
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static ulong PairProducts()
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
