using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

/// <summary>RotaryTable and Rotate.</summary>
public sealed class RotaryTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_table_is_the_rounded_cosine_and_sine_of_the_float_angle(string name) => Devices.Check(name, static test =>
    {
        int[] positions = [0, 1, 2, 100, 8191, 8192, 131_071, 1_048_575, 10_000_000, 10_485_759, 16_777_217];
        float[] frequencies = Frequencies(128, 500_000);
        foreach (int pairs in test.Cases([1, 3, 22, 64], 3, 22))
        {
            using var memory = new Workspace(test.Device);
            Tensor table = memory.New(positions.Length, 2 * pairs);
            memory.Device.RotaryTable(memory.Integers(positions), memory.Floats(frequencies.AsSpan(0, pairs), 1, pairs), table);
            double[] exact = Reference.RotaryTable(positions, frequencies[..pairs]);
            Numbers.AssertNear(exact, memory.Read(table), i => Tolerance.Float * Math.Abs(exact[i]) + test.Turn, $"{pairs} pairs");
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Large_angles_match_known_values(string name) => Devices.Check(name, static test =>
    {
        // cos and sin of 10⁷ radians, computed with 50 digits by mpmath.
        using var memory = new Workspace(test.Device);
        Tensor table = memory.New(1, 2);
        memory.Device.RotaryTable(memory.Integers(10_000_000), memory.Floats([1], 1, 1), table);
        Assert.Equal([(float)-0.90727038618173956, (float)0.42054779319078249], memory.Read(table));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_head_width_is_rotated_in_pairs(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        foreach (int headDim in test.Cases(Enumerable.Range(1, 65).Select(pairs => 2 * pairs), 2, 24, 34)) Check(device, rows: 5, heads: 3, headDim, tableRows: headDim % 4 == 0 ? 5 : 2);
        if (test.IsEmulated) return;
        Check(device, rows: 40, heads: 8, headDim: 128, tableRows: 40);
        Check(device, rows: 154, heads: 16, headDim: 88, tableRows: 77);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Together_and_alone_give_the_same_bits(string name) => Devices.Check(name, static test =>
    {
        const int headDim = 20, heads = 7;
        int rows = test.IsEmulated ? 12 : 60;
        using var memory = new Workspace(test.Device);
        float[] x = Numbers.Normal(1, rows * heads * headDim), table = Numbers.Normal(2, rows * headDim);
        Tensor together = memory.Floats(x, rows, heads * headDim);
        memory.Device.Rotate(together, memory.Floats(table, rows, headDim));
        float[] all = memory.Read(together);
        for (int row = 0; row < rows; row += 11)
            for (int head = 0; head < heads; head += 3)
            {
                int at = (row * heads + head) * headDim;
                Tensor alone = memory.Floats(x.AsSpan(at, headDim), 1, headDim);
                memory.Device.Rotate(alone, memory.Floats(table.AsSpan(row * headDim, headDim), 1, headDim));
                Numbers.AssertSameBits(all.AsSpan(at, headDim), memory.Read(alone), $"row {row}, head {head}");
            }
    });

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Assert.Throws<ArgumentException>(() => device.Rotate(memory.New(2, 12), memory.New(2, 8)));
        Assert.Throws<ArgumentException>(() => device.Rotate(memory.New(2, 9), memory.New(2, 3)));
        Assert.Throws<ArgumentException>(() => device.Rotate(memory.New(2, 8), memory.New(0, 8)));
        Assert.Throws<ArgumentException>(() => device.RotaryTable(memory.Integers(1), memory.New(1, 2), memory.New(1, 5)));
        Assert.Throws<ArgumentException>(() => device.RotaryTable(memory.Integers(1, 2), memory.New(1, 2), memory.New(1, 4)));
    }

    static float[] Frequencies(int headDim, double theta) => [.. Enumerable.Range(0, headDim / 2).Select(j => (float)Math.Pow(theta, -2.0 * j / headDim))];

    static void Check(Device device, int rows, int heads, int headDim, int tableRows)
    {
        using var memory = new Workspace(device);
        float[] x = Numbers.Normal(headDim, rows * heads * headDim);
        x[0] = float.NaN;
        x[^1] = 1e-42f;
        double[] angles = [.. Enumerable.Range(0, tableRows * headDim / 2).Select(i => i * 0.7)];
        float[] table = [.. angles.SelectMany(a => new[] { (float)Math.Cos(a), (float)Math.Sin(a) })];
        Tensor y = memory.Floats(x, rows, heads * headDim);
        device.Rotate(y, memory.Floats(table, tableRows, headDim));
        double[] exact = Reference.Rotate(Numbers.Doubles(x), Numbers.Doubles(table), heads * headDim, headDim);
        // Two products and a sum of numbers no larger than the pair.
        Numbers.AssertNear(exact, memory.Read(y), i => Tolerance.Dot(2, Math.Abs(x[i]) + Math.Abs(x[i ^ 1])) + 1e-44, $"head width {headDim}");
    }
}
