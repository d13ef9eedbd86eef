using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

/// <summary>e^x for eight floats.</summary>
static class Exponential
{
    /// <summary>
    /// Within 2 units in the last place, denormal results included; 0 below −104, infinity above 88.73, NaN of NaN.
    /// x = n ln 2 + r with |r| ≤ ½ ln 2; e^r by its Taylor series to r⁷, whose next term is below 2⁻²⁷; then times 2ⁿ in two factors,
    /// each of which is a normal number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        // Beyond these every result is 0 or infinity; NaN passes both comparisons unchanged.
        Vector256<float> limited = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(-105f)), Vector256.Create(-105f), x);
        limited = Vector256.ConditionalSelect(Vector256.GreaterThan(limited, Vector256.Create(90f)), Vector256.Create(90f), limited);
        Vector256<float> n = Vector256.Round(limited * Vector256.Create(1.44269504f));
        // ln 2 in two parts; the first has 9 bits, so n times it is exact.
        Vector256<float> r = Lanes.MultiplyAdd(n, Vector256.Create(-0.693359375f), limited);
        r = Lanes.MultiplyAdd(n, Vector256.Create(2.12194440e-4f), r);
        Vector256<float> p = Vector256.Create(1f / 5040);
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(1f / 720));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(1f / 120));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(1f / 24));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(1f / 6));
        p = Lanes.MultiplyAdd(p, r, Vector256.Create(0.5f));
        p = Lanes.MultiplyAdd(p * r, r, r) + Vector256<float>.One;
        Vector256<int> exponent = Vector256.ConvertToInt32(n);
        Vector256<int> half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>The same for one number.</summary>
    public static float Exp(float x) => Exp(Vector256.Create(x)).ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> PowerOfTwo(Vector256<int> exponent) => ((exponent + Vector256.Create(127)) << 23).AsSingle();
}
