using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Core.Sampling;

/// <summary>Passes over one row of logits. Sums run in a fixed order.</summary>
internal static class Logits
{
    /// <summary>The largest number.</summary>
    /// <exception cref="NumericFaultException">A number is NaN or infinite.</exception>
    public static float Max(ReadOnlySpan<float> logits)
    {
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        Vector256<float> largest = Vector256.Create(float.MinValue), fault = Vector256<float>.Zero;
        foreach (Vector256<float> x in vectors)
        {
            largest = Vector256.Max(largest, x);
            fault += x - x;     // 0, or NaN once a number is not finite
        }
        float max = float.MinValue, sum = Vector256.Sum(fault);
        for (int lane = 0; lane < Vector256<float>.Count; lane++) max = MathF.Max(max, largest[lane]);
        foreach (float x in logits[(vectors.Length * Vector256<float>.Count)..])
        {
            max = MathF.Max(max, x);
            sum += x - x;
        }
        if (sum != 0 || float.IsNaN(sum)) throw Fault(logits);
        return max;
    }

    /// <summary>The lowest id with this logit.</summary>
    public static int IndexOf(ReadOnlySpan<float> logits, float value)
    {
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        for (int v = 0; v < vectors.Length; v++)
        {
            uint equal = Vector256.Equals(vectors[v], Vector256.Create(value)).ExtractMostSignificantBits();
            if (equal != 0) return v * Vector256<float>.Count + BitOperations.TrailingZeroCount(equal);
        }
        for (int id = vectors.Length * Vector256<float>.Count; id < logits.Length; id++)
            if (logits[id] == value) return id;
        throw new ArgumentException($"no logit is {value}", nameof(value));
    }

    /// <summary>What <see cref="Exponentials"/> gives the largest logit: 1 but for rounding.</summary>
    public static readonly float LargestWeight = Vector256.Exp(Vector256<float>.Zero)[0];

    /// <summary>weights = exp((logits − max) · inverseTemperature), with an error of at most 2 ulp.</summary>
    public static void Exponentials(ReadOnlySpan<float> logits, float max, float inverseTemperature, Span<float> weights)
    {
        ReadOnlySpan<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        Span<Vector256<float>> results = MemoryMarshal.Cast<float, Vector256<float>>(weights[..logits.Length]);
        for (int v = 0; v < vectors.Length; v++)
            results[v] = Vector256.Exp((vectors[v] - Vector256.Create(max)) * inverseTemperature);
        for (int id = vectors.Length * Vector256<float>.Count; id < logits.Length; id++)
            weights[id] = Vector256.Exp(Vector256.Create((logits[id] - max) * inverseTemperature))[0];
    }

    /// <summary>ln Σ exp(logits).</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits, float max)
    {
        double sum = 0;
        foreach (float x in logits) sum += Math.Exp((double)x - max);
        return max + Math.Log(sum);
    }

    static NumericFaultException Fault(ReadOnlySpan<float> logits)
    {
        int id = 0;
        while (float.IsFinite(logits[id])) id++;
        return new NumericFaultException(
            $"the model gave {logits[id]} for token {id}, expected a finite number: its weights are damaged or their format is not understood");
    }
}
