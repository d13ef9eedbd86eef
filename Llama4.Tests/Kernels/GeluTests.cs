using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

public sealed class GeluTests
{
    public static TheoryData<string> Names => Devices.All;

    [Fact]
    public void The_reference_knows_erfc()
    {
        // Values to 17 digits, computed with 50 digits by mpmath.
        (double X, double Erfc)[] known =
        [
            (0.1, 0.88753708398171510), (0.5, 0.47950012218695346), (1, 0.15729920705028513), (1.9, 0.0072095707647425301),
            (2.1, 0.0029794666563329855), (3, 2.2090496998585441e-5), (5, 1.5374597944280349e-12), (9, 4.1370317465138102e-37), (-1.5, 1.9661051464753107),
        ];
        foreach ((double x, double erfc) in known) Assert.InRange(Reference.Erfc(x) / erfc, 1 - 2e-13, 1 + 2e-13);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Matches_the_exact_form_for_every_size_of_number(string name) => Devices.Check(name, static test =>
    {
        var numbers = new List<float>();
        for (int i = -2000; i <= 2000; i += test.IsEmulated ? 40 : 1) numbers.Add(i / 125f);
        for (float x = 1e-42f; x < 1e38f; x *= test.IsEmulated ? 3700 : 3.7f) numbers.AddRange([x, -x]);
        numbers.AddRange([0, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity]);
        Check(test, [.. numbers]);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_length_matches(string name) => Devices.Check(name, static test =>
    {
        foreach (int count in test.Cases([.. Enumerable.Range(0, 258), 50_001], 0, 1, 63, 64, 65)) Check(test, Numbers.Normal(count, count, 2));
    });

    static void Check(TestDevice test, float[] x)
    {
        using var memory = new Workspace(test.Device);
        Tensor y = memory.Floats(x, 1, x.Length);
        memory.Device.Gelu(y);
        double[] exact = [.. x.Select(value => Reference.Gelu(value))];
        Numbers.AssertNear(exact, memory.Read(y), i =>
        {
            // The tail Φ(−|x|): 4 units for its slow factor, those of the exponential, x²/2 for its rounded argument, 6 roundings;
            // below e^−105 it is 0. Then two roundings of the whole.
            double a = Math.Abs(x[i]), tail = 0.5 * Reference.Erfc(a / Math.Sqrt(2));
            return a * tail * (10 + test.Exponential + a * a / 2) * Tolerance.Float + 2 * Tolerance.Float * Math.Abs(exact[i]) + (a > 13 && a < 20 ? 1e-40 : 3e-45);
        }, "gelu");
    }
}
