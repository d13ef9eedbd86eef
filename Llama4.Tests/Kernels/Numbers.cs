namespace Llama4.Tests.Kernels;

/// <summary>Seeded numbers and comparisons.</summary>
static class Numbers
{
    /// <summary>Normally distributed.</summary>
    public static float[] Normal(int seed, int count, float size = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(size * radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return values;
    }

    public static double[] Doubles(ReadOnlySpan<float> values)
    {
        var doubles = new double[values.Length];
        for (int i = 0; i < values.Length; i++) doubles[i] = values[i];
        return doubles;
    }

    /// <summary>Each number within its tolerance of the exact one; NaN and infinities in the same places.</summary>
    public static void AssertNear(ReadOnlySpan<double> exact, ReadOnlySpan<float> actual, Func<int, double> tolerance, string what)
    {
        Assert.Equal(exact.Length, actual.Length);
        for (int i = 0; i < exact.Length; i++)
        {
            float rounded = (float)exact[i];
            bool near = float.IsFinite(rounded)
                ? Math.Abs(actual[i] - exact[i]) <= tolerance(i)
                : float.IsNaN(rounded) ? float.IsNaN(actual[i]) : actual[i] == rounded;
            if (!near) Assert.Fail($"{what}: number {i} is {actual[i]:R}, expected {exact[i]:R} within {tolerance(i):G3}");
        }
    }

    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what}: number {i} is {actual[i]:R}, expected exactly {expected[i]:R}");
    }
}
