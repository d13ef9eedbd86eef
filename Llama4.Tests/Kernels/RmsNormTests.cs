using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

public sealed class RmsNormTests
{
    const float Eps = 1e-5f;

    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_length_matches_the_formula(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        foreach (int columns in test.Cases(Enumerable.Range(1, 257), 1, 33, 200))
            Check(device, Numbers.Normal(columns, 3 * columns), columns % 3 == 0 ? null : Numbers.Normal(columns + 1000, columns), columns, inPlace: columns % 2 == 0);
        if (!test.IsEmulated) Check(device, Numbers.Normal(1, 20 * 5120), Numbers.Normal(2, 5120), 5120, inPlace: true);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Unusual_rows_stay_rows_of_their_own(string name) => Devices.Check(name, static test =>
    {
        const int columns = 37;
        float[] x = Numbers.Normal(5, 6 * columns);
        x[3] = float.NaN;
        x[columns + 30] = float.PositiveInfinity;
        x.AsSpan(2 * columns, columns).Clear();
        for (int c = 0; c < columns; c++) x[3 * columns + c] *= 1e-41f;
        for (int c = 0; c < columns; c++) x[4 * columns + c] *= 1e17f;
        Check(test.Device, x, Numbers.Normal(6, columns), columns, inPlace: false);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Together_and_alone_give_the_same_bits(string name) => Devices.Check(name, static test =>
    {
        int rows = test.IsEmulated ? 8 : 50;
        foreach (int columns in test.Cases([5, 128, 1000], 5, 128))
        {
            using var memory = new Workspace(test.Device);
            float[] x = Numbers.Normal(columns, rows * columns);
            Tensor together = memory.Floats(x, rows, columns), w = memory.Floats(Numbers.Normal(9, columns), 1, columns);
            memory.Device.RmsNorm(together, w, Eps, together);
            float[] all = memory.Read(together);
            for (int row = 0; row < rows; row += 7)
            {
                Tensor alone = memory.Floats(x.AsSpan(row * columns, columns), 1, columns);
                memory.Device.RmsNorm(alone, w, Eps, alone);
                Numbers.AssertSameBits(all.AsSpan(row * columns, columns), memory.Read(alone), $"row {row}");
            }
        }
    });

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Tensor x = memory.New(2, 8);
        Assert.Throws<ArgumentException>(() => device.RmsNorm(x, null, Eps, memory.New(2, 9)));
        Assert.Throws<ArgumentException>(() => device.RmsNorm(x, memory.New(1, 7), Eps, x));
        Assert.Throws<ArgumentException>(() => device.RmsNorm(x, memory.New(1, 8, Encoding.BF16), Eps, x));
    }

    static void Check(Device device, float[] x, float[]? w, int columns, bool inPlace)
    {
        using var memory = new Workspace(device);
        int rows = x.Length / columns;
        Tensor source = memory.Floats(x, rows, columns);
        Tensor target = inPlace ? source : memory.New(rows, columns);
        device.RmsNorm(source, w is null ? null : memory.Floats(w, 1, columns), Eps, target);
        double[] exact = Reference.RmsNorm(Numbers.Doubles(x), w is null ? null : Numbers.Doubles(w), Eps, columns);
        // Half the sum's relative error after the square root, then five roundings; the results of denormal numbers are denormal.
        double relative = Tolerance.Dot(columns, 0.5) + 5 * Tolerance.Float;
        Numbers.AssertNear(exact, memory.Read(target), i => relative * Math.Abs(exact[i]) + 1e-44, $"{columns} columns");
    }
}
