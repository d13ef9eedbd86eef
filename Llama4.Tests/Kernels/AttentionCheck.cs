namespace Llama4.Tests.Kernels;

/// <summary>Comparison of attention results with the definition.</summary>
static class AttentionCheck
{
    public static double[] Head(float[] matrix, int row, int columns, int head, int headDim) =>
        Numbers.Doubles(matrix.AsSpan(row * columns + head * headDim, headDim));

    /// <param name="exponential">Relative error of e^x, in units of <see cref="Tolerance.Float"/>.</param>
    /// <param name="rounding">Relative error of queries, keys, values and weights where they are rounded for the product; else 0.</param>
    public static void AssertNear(
        double[] query, double[] keys, double[] values, ReadOnlySpan<float> actual, double exponential, string what, double rounding = 0)
    {
        double[] exact = Reference.Attention(query, keys, values, out double[] magnitudes);
        int headDim = query.Length, positions = keys.Length / headDim;
        // A score is off by at most the error of its dot product, of the scale and of the difference to the largest; a weight by twice
        // that relatively, since the largest is off as well; the means add an exponential's error per position, and a few for the rescaling.
        double score = 0, largest = 0;
        for (int j = 0; j < positions; j++)
        {
            double size = 0;
            for (int c = 0; c < headDim; c++) size += Math.Abs(query[c] * keys[j * headDim + c]);
            score = Math.Max(score, Tolerance.Dot(headDim, size / Math.Sqrt(headDim)) + 2 * rounding * size / Math.Sqrt(headDim));
            largest = Math.Max(largest, size / Math.Sqrt(headDim));
        }
        double relative = Math.Exp(2 * (score + 4 * Tolerance.Float * largest)) - 1 + exponential * (positions + 10) * Tolerance.Float + 2 * rounding;
        Numbers.AssertNear(exact, actual, c => relative * magnitudes[c] + 1e-40, what);
    }
}
