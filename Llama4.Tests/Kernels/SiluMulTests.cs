using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

public sealed class SiluMulTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_length_matches_the_formula(string name) => Devices.Check(name, static test =>
    {
        foreach (int columns in test.Cases(Enumerable.Range(0, 258), 0, 1, 33))
            Check(test, Numbers.Normal(columns, 2 * columns, 4), Numbers.Normal(columns + 500, 2 * columns), 2, columns % 3);
        if (!test.IsEmulated) Check(test, Numbers.Normal(1, 30_000, 20), Numbers.Normal(2, 30_000), 10, 1);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Unusual_numbers_follow_the_formula(string name) => Devices.Check(name, static test =>
    {
        float[] numbers = [0, -0f, 1e-45f, -1e-39f, 87, -87, 89, -89, 104, -104, 1e30f, -1e30f, float.MaxValue, float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        float[] finite = [.. numbers.Where(float.IsFinite)];
        // Infinities in up only where silu is no denormal, which could be 0.
        float[] gate = [.. numbers.SelectMany(g => finite.Select(_ => g)), 1, -1, 0, 87, -80, -80, float.NaN, float.PositiveInfinity, 2, 3, -4, 5, 6];
        float[] up = [.. numbers.SelectMany(_ => finite), .. Enumerable.Repeat(float.PositiveInfinity, 5), .. Enumerable.Repeat(float.NegativeInfinity, 8)];
        Check(test, gate, up, 1, 0);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_number_does_not_depend_on_its_place(string name) => Devices.Check(name, static test =>
    {
        using var memory = new Workspace(test.Device);
        int length = test.IsEmulated ? 301 : 20_001;
        float[] gate = Numbers.Normal(1, length, 3), up = Numbers.Normal(2, length);
        Tensor y = memory.New(1, length);
        memory.Device.SiluMul(memory.Floats(gate, 1, gate.Length), memory.Floats(up, 1, up.Length), y);
        float[] all = memory.Read(y);
        foreach ((int from, int count) in test.Cases([(0, 1), (1, 7), (4095, 3), (4093, 17), (19_990, 11)], (1, 7), (31, 3), (290, 11)))
        {
            Tensor part = memory.New(1, count);
            memory.Device.SiluMul(memory.Floats(gate.AsSpan(from, count), 1, count), memory.Floats(up.AsSpan(from, count), 1, count), part);
            Numbers.AssertSameBits(all.AsSpan(from, count), memory.Read(part), $"from {from}");
        }
    });

    static void Check(TestDevice test, float[] gate, float[] up, int rows, int target)
    {
        using var memory = new Workspace(test.Device);
        int columns = gate.Length / rows;
        Tensor g = memory.Floats(gate, rows, columns), u = memory.Floats(up, rows, columns);
        Tensor y = target switch { 0 => memory.New(rows, columns), 1 => g, _ => u };
        memory.Device.SiluMul(g, u, y);
        double[] exact = [.. gate.Zip(up, (a, b) => Reference.SiluMul(a, b))];
        // The exponential, one rounding each for sum, quotient and product; a denormal silu is off by up to 10⁻⁴⁵.
        // Where e^−gate is beyond float, silu is below 10⁻³⁶.
        Numbers.AssertNear(exact, memory.Read(y), i => (6 + test.Exponential) * Tolerance.Float * Math.Abs(exact[i]) + (gate[i] < -88 ? 1e-36 : 1e-45) * Math.Abs(up[i]) + 1e-44, $"{columns} columns");
    }
}
