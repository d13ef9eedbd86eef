namespace Llama4.Tests;

/// <summary>How far a float32 result may be from the exact one, from the number of roundings; never tuned until green.</summary>
static class Tolerance
{
    /// <summary>Unit roundoff of float32: 2^-24.</summary>
    public const double Float = 5.9604644775390625e-8;

    /// <summary>Unit roundoff of bfloat16: 2^-8.</summary>
    public const double BFloat = 0.00390625;

    /// <summary>
    /// Bound for a float32 sum of n products against the exact value: |error| ≤ γₙ Σ|aᵢbᵢ|, γₙ = n·u / (1 − n·u)
    /// (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). <paramref name="magnitude"/> is Σ|aᵢbᵢ|.
    /// </summary>
    public static double Dot(int n, double magnitude) => (n + 2) * Float / (1 - (n + 2) * Float) * magnitude + 1e-38;

    /// <summary>Root mean square of a − b relative to that of b.</summary>
    public static double RelativeRms(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length) throw new ArgumentException($"{a.Length} and {b.Length} numbers");
        double error = 0, size = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double d = (double)a[i] - b[i];
            error += d * d;
            size += (double)b[i] * b[i];
        }
        return Math.Sqrt(error / Math.Max(size, 1e-300));
    }
}
