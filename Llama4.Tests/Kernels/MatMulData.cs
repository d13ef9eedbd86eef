using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Llama4.Tests.Kernels.Formats;

namespace Llama4.Tests.Kernels;

/// <summary>Numbers of one product, its exact result and the bounds of its error.</summary>
sealed class MatMulData
{
    readonly byte[] bytes;

    /// <summary>Weights as an encoder leaves them.</summary>
    public MatMulData(MatMulCase c, int seed) : this(c, Encode(c, seed), Numbers.Normal(seed + 1, c.Rows * c.Inputs, 3)) { }

    public MatMulData(MatMulCase c, int seed, float[] x) : this(c, Encode(c, seed), x) { }

    public MatMulData(MatMulCase c, byte[] weights, float[] x)
    {
        Case = c;
        bytes = weights;
        X = x;
        Weights = new float[c.Inputs * c.Outputs];
        FormatCodec.Decode(c.Encoding, bytes, Weights);
    }

    public MatMulCase Case { get; }

    public float[] X { get; }

    /// <summary>Decoded, in the order of the matrix.</summary>
    public float[] Weights { get; }

    public double Weight(int output, int input) => Weights[Case.InputMajor ? input * Case.Outputs + output : output * Case.Inputs + input];

    public Weight Matrix(Workspace memory)
    {
        Tensor values = Case.InputMajor ? memory.New(Case.Inputs, Case.Outputs, Case.Encoding) : memory.New(Case.Outputs, Case.Inputs, Case.Encoding);
        memory.Device.Upload<byte>(bytes, values);
        return new Weight(values, InputMajor: Case.InputMajor);
    }

    /// <summary>y and how far a kernel may be from it.</summary>
    public (double[] Exact, double[] Tolerance) Result(bool roundedInputs) => Result(roundedInputs ? InputRounding.Bytes : InputRounding.None);

    public (double[] Exact, double[] Tolerance) Result(InputRounding rounding)
    {
        var exact = new double[Case.Rows * Case.Outputs];
        var tolerance = new double[exact.Length];
        var weights = new double[Case.Inputs];
        for (int o = 0; o < Case.Outputs; o++)
        {
            for (int i = 0; i < weights.Length; i++) weights[i] = Weight(o, i);
            for (int r = 0; r < Case.Rows; r++)
                (exact[r * Case.Outputs + o], tolerance[r * Case.Outputs + o]) = Product(weights, X.AsSpan(r * Case.Inputs, Case.Inputs), rounding);
        }
        return (exact, tolerance);
    }

    static (double Exact, double Tolerance) Product(double[] weights, ReadOnlySpan<float> x, InputRounding inputs)
    {
        double sum = 0, magnitude = 0, rounding = 0, offsets = 0;
        for (int from = 0; from < x.Length; from += 32)
        {
            double largest = 0, largestWeight = 0, groupWeights = 0, groupInputs = 0;
            for (int i = from; i < Math.Min(x.Length, from + 32); i++)
            {
                sum += weights[i] * x[i];
                magnitude += Math.Abs(weights[i] * x[i]);
                largest = Math.Max(largest, Math.Abs(x[i]));
                largestWeight = Math.Max(largestWeight, Math.Abs(weights[i]));
                groupWeights += Math.Abs(weights[i]);
                groupInputs += Math.Abs(x[i]);
            }
            // An input is at most half a step of its group's scale, 1/127 of the largest, away from its number.
            rounding += largest / 127 / 2 * groupWeights;
            offsets += largestWeight * groupInputs;
        }
        if (inputs == InputRounding.None) return (sum, Tolerance.Dot(x.Length, magnitude));
        // Both factors of each product are rounded, each by at most the unit roundoff.
        double both = (2 + Tolerance.BFloat) * Tolerance.BFloat;
        if (inputs == InputRounding.BFloats) return (sum, both * magnitude + Tolerance.Dot(x.Length, (1 + both) * magnitude));
        // A weight is scale · integer + offset. Every encoder and any bits put an integer near the end of its range somewhere in a group, so that
        // |offset| ≤ 2 · largest weight and the terms to round are at most |w| + 2 · |offset| each; the few roundings of scales count as more terms.
        return (sum, rounding + Tolerance.Dot(x.Length + 8, magnitude + rounding + 4 * offsets));
    }

    /// <summary>Blocks drawn from a few: encoding is slow.</summary>
    static byte[] Encode(MatMulCase c, int seed)
    {
        int size = c.Encoding.BlockBytes(), length = c.Encoding.BlockLength(), distinct = 16 + 2048 / length;
        var pool = new byte[distinct * size];
        FormatCodec.Encode(c.Encoding, Numbers.Normal(seed, distinct * length, 0.05f), pool);
        var bytes = new byte[c.Inputs * c.Outputs / length * size];
        var random = new Random(seed);
        for (int at = 0; at < bytes.Length; at += size) pool.AsSpan(random.Next(distinct) * size, size).CopyTo(bytes.AsSpan(at));
        return bytes;
    }
}
