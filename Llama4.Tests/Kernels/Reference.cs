namespace Llama4.Tests.Kernels;

/// <summary>The operations in double precision, straight from the formulas in Device.cs. One method per operation; matrices are rows after rows.</summary>
static class Reference
{
    public static double[] GatherRows(double[] x, int[] rows, int columns)
    {
        var y = new double[rows.Length * columns];
        for (int i = 0; i < rows.Length; i++)
            for (int c = 0; c < columns; c++) y[i * columns + c] = x[rows[i] * columns + c];
        return y;
    }

    public static double[] ScatterRows(double[] x, int[] rows, double[] y, int columns)
    {
        double[] result = [.. y];
        for (int i = 0; i < rows.Length; i++)
            for (int c = 0; c < columns; c++) result[rows[i] * columns + c] = x[i * columns + c];
        return result;
    }

    public static double[] AddRows(double[] x, double[] y)
    {
        double[] result = [.. y];
        for (int i = 0; i < y.Length; i++) result[i] += x[i % x.Length];
        return result;
    }

    public static double[] RmsNorm(double[] x, double[]? w, double eps, int columns)
    {
        var y = new double[x.Length];
        for (int start = 0; start < x.Length; start += columns)
        {
            double squares = 0;
            for (int c = 0; c < columns; c++) squares += x[start + c] * x[start + c];
            double root = Math.Sqrt(squares / columns + eps);
            for (int c = 0; c < columns; c++) y[start + c] = x[start + c] / root * (w?[c] ?? 1);
        }
        return y;
    }

    public static double[] LayerNorm(double[] x, double[] w, double[] b, double eps, int columns)
    {
        var y = new double[x.Length];
        for (int start = 0; start < x.Length; start += columns)
        {
            double mean = 0, variance = 0;
            for (int c = 0; c < columns; c++) mean += x[start + c] / columns;
            for (int c = 0; c < columns; c++) variance += (x[start + c] - mean) * (x[start + c] - mean) / columns;
            for (int c = 0; c < columns; c++) y[start + c] = (x[start + c] - mean) / Math.Sqrt(variance + eps) * w[c] + b[c];
        }
        return y;
    }

    public static double SiluMul(double gate, double up) => gate / (1 + Math.Exp(-gate)) * up;

    /// <summary>x Φ(x) with Φ(x) = ½ erfc(−x / √2).</summary>
    public static double Gelu(double x) => x * 0.5 * Erfc(-x / Math.Sqrt(2));

    /// <summary>Series of erf for small arguments, continued fraction of erfc for large ones; relative error below 10⁻¹³ (checked against known values).</summary>
    public static double Erfc(double x)
    {
        if (double.IsNaN(x)) return x;
        if (x < 0) return 2 - Erfc(-x);
        if (x < 2)
        {
            // erf(x) = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·5 … (2n+1)): all terms positive.
            double term = x, sum = x;
            for (int n = 1; term > sum * 1e-17; n++) sum += term *= 2 * x * x / (2 * n + 1);
            return 1 - 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
        }
        // erfc(x) = e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …
        double fraction = x;
        for (int n = 120; n >= 1; n--) fraction = x + n / 2.0 / fraction;
        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
    }

    /// <summary>cos and sin of the angle as the references form it: product of two floats, rounded to float.</summary>
    public static double[] RotaryTable(int[] positions, float[] frequencies)
    {
        var table = new double[positions.Length * frequencies.Length * 2];
        for (int t = 0; t < positions.Length; t++)
            for (int j = 0; j < frequencies.Length; j++)
            {
                float angle = (float)positions[t] * frequencies[j];
                table[(t * frequencies.Length + j) * 2] = Math.Cos(angle);
                table[(t * frequencies.Length + j) * 2 + 1] = Math.Sin(angle);
            }
        return table;
    }

    public static double[] Rotate(double[] x, double[] table, int columns, int headDim)
    {
        var y = new double[x.Length];
        int tableRows = table.Length / headDim;
        for (int i = 0; i < x.Length; i += 2)
        {
            int row = i / columns % tableRows, pair = i % headDim;
            double cos = table[row * headDim + pair], sin = table[row * headDim + pair + 1];
            y[i] = x[i] * cos - x[i + 1] * sin;
            y[i + 1] = x[i] * sin + x[i + 1] * cos;
        }
        return y;
    }

    public static double ScaleByPosition(int position, double floor, double scale) => 1 + scale * Math.Log(1 + Math.Floor((position + 1) / floor));

    /// <summary>
    /// One head of one row over the keys and values that it sees, [positions, headDim] each: the mean of the values by weight e^score.
    /// <paramref name="magnitudes"/>: the same mean of |values|.
    /// </summary>
    public static double[] Attention(ReadOnlySpan<double> query, double[] keys, double[] values, out double[] magnitudes)
    {
        int headDim = query.Length, positions = keys.Length / headDim;
        var scores = new double[positions];
        for (int j = 0; j < positions; j++)
        {
            for (int c = 0; c < headDim; c++) scores[j] += query[c] * keys[j * headDim + c];
            scores[j] /= Math.Sqrt(headDim);
        }
        double largest = scores.Max(), total = 0;
        var y = new double[headDim];
        magnitudes = new double[headDim];
        for (int j = 0; j < positions; j++)
        {
            double weight = Math.Exp(scores[j] - largest);
            total += weight;
            for (int c = 0; c < headDim; c++)
            {
                y[c] += weight * values[j * headDim + c];
                magnitudes[c] += weight * Math.Abs(values[j * headDim + c]);
            }
        }
        for (int c = 0; c < headDim; c++)
        {
            y[c] /= total;
            magnitudes[c] /= total;
        }
        return y;
    }

    /// <summary>The k experts of the largest logits, lower index first among equals, and the sigmoid of those logits.</summary>
    public static (int[] Experts, double[] Scores) ChooseExperts(double[] logits, int choices)
    {
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(e => logits[e]).ThenBy(e => e).Take(choices)];
        return (order, [.. order.Select(e => 1 / (1 + Math.Exp(-logits[e])))]);
    }

    public static double[] ScaleByScore(double[] x, double[] scores, int columns)
    {
        int rows = x.Length / columns, choices = scores.Length / rows;
        var y = new double[scores.Length * columns];
        for (int i = 0; i < scores.Length; i++)
            for (int c = 0; c < columns; c++) y[i * columns + c] = scores[i] * x[i / choices * columns + c];
        return y;
    }

    public static double[] AddExperts(double[] x, double[] y, int columns)
    {
        double[] result = [.. y];
        int choices = x.Length / y.Length;
        for (int i = 0; i < x.Length; i++) result[i / columns / choices * columns + i % columns] += x[i];
        return result;
    }
}
