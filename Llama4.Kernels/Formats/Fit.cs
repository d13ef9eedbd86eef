namespace Llama4.Kernels.Formats;

/// <summary>Scales and offsets that lose little: several step widths are tried, each improved by least squares.</summary>
static class Fit
{
    // The extreme number may lie up to this many steps inside or outside the range of integers.
    const int Candidates = 9;
    const float CandidateStep = 0.1f;

    public static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;

    /// <summary>Nearest integer, ties to even, inside [low, high].</summary>
    public static int Round(float value, int low, int high) => (int)Math.Clamp(MathF.Round(value), low, high);

    /// <summary>d such that d·q, q in [low, high], is near the values. Negative where the extreme value is positive: low reaches further than high.</summary>
    public static float Scale(ReadOnlySpan<float> values, int low, int high)
    {
        float extreme = 0;
        foreach (float value in values)
            if (Math.Abs(value) > Math.Abs(extreme)) extreme = value;
        if (extreme == 0) return 0;
        double best = 0, bestGain = 0;
        for (int candidate = -Candidates; candidate <= Candidates; candidate++)
        {
            float inverse = (low + candidate * CandidateStep) / extreme;
            double product = 0, square = 0;
            foreach (float value in values)
            {
                int q = Round(value * inverse, low, high);
                product += (double)value * q;
                square += q * q;
            }
            // The best d for these q leaves the squared error Σx² − (Σxq)²/Σq².
            if (square == 0 || product * product <= bestGain * square) continue;
            bestGain = product * product / square;
            best = product / square;
        }
        return (float)best;
    }

    /// <summary>d ≥ 0 and m such that d·q + m, q in [0, high], is near the values. Without <paramref name="anySign"/> m ≤ 0.</summary>
    public static (float Scale, float Offset) ScaleAndOffset(ReadOnlySpan<float> values, int high, bool anySign)
    {
        float least = values[0], most = values[0];
        foreach (float value in values)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }
        if (!anySign) least = Math.Min(least, 0);
        if (most <= least) return (0, least);
        (float Scale, float Offset) best = default;
        double bestError = double.PositiveInfinity;
        for (int candidate = -Candidates; candidate <= Candidates; candidate++)
        {
            (double scale, double offset) = LeastSquares(values, least, (high + candidate * CandidateStep) / (most - least), high);
            if (!anySign && offset > 0) (scale, offset) = (scale + offset / high, 0);
            double error = Error(values, scale, offset, high);
            if (!(error < bestError)) continue;
            bestError = error;
            best = ((float)scale, (float)offset);
        }
        return best;
    }

    /// <summary>The line through (q, value), q the integers of a step width.</summary>
    static (double Scale, double Offset) LeastSquares(ReadOnlySpan<float> values, float least, float inverse, int high)
    {
        double sum = 0, integers = 0, squares = 0, products = 0;
        foreach (float value in values)
        {
            int q = Round((value - least) * inverse, 0, high);
            sum += value;
            integers += q;
            squares += q * q;
            products += (double)value * q;
        }
        double determinant = values.Length * squares - integers * integers;
        if (determinant <= 0) return (0, sum / values.Length);
        double scale = (values.Length * products - sum * integers) / determinant;
        return (scale, (sum - scale * integers) / values.Length);
    }

    static double Error(ReadOnlySpan<float> values, double scale, double offset, int high)
    {
        double error = 0, inverse = scale == 0 ? 0 : 1 / scale;
        foreach (float value in values)
        {
            double difference = Math.Clamp(Math.Round((value - offset) * inverse), 0, high) * scale + offset - value;
            error += difference * difference;
        }
        return error;
    }
}
