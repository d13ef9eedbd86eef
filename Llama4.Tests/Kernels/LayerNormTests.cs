using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

public sealed class LayerNormTests
{
    const float Eps = 1e-5f;

    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_length_matches_the_formula(string name) => Devices.Check(name, static test =>
    {
        foreach (int columns in test.Cases(Enumerable.Range(1, 257), 1, 33, 200))
            Check(test.Device, Numbers.Normal(columns, 3 * columns), columns, inPlace: columns % 2 == 0);
        if (!test.IsEmulated) Check(test.Device, Numbers.Normal(1, 30 * 1408), 1408, inPlace: true);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Unusual_rows_stay_rows_of_their_own(string name) => Devices.Check(name, static test =>
    {
        const int columns = 45;
        float[] x = Numbers.Normal(5, 6 * columns);
        x[44] = float.NaN;
        x[columns] = float.NegativeInfinity;
        x.AsSpan(2 * columns, columns).Clear();
        x.AsSpan(3 * columns, columns).Fill(3);
        for (int c = 0; c < columns; c++) x[4 * columns + c] *= 1e-41f;
        for (int c = 0; c < columns; c++) x[5 * columns + c] += 1000;
        Check(test.Device, x, columns, inPlace: false);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Together_and_alone_give_the_same_bits(string name) => Devices.Check(name, static test =>
    {
        int columns = test.IsEmulated ? 103 : 1003, rows = test.IsEmulated ? 8 : 40;
        using var memory = new Workspace(test.Device);
        float[] x = Numbers.Normal(columns, rows * columns);
        Tensor w = memory.Floats(Numbers.Normal(9, columns), 1, columns), b = memory.Floats(Numbers.Normal(10, columns), 1, columns);
        Tensor together = memory.Floats(x, rows, columns);
        memory.Device.LayerNorm(together, w, b, Eps, together);
        float[] all = memory.Read(together);
        for (int row = 0; row < rows; row += 7)
        {
            Tensor alone = memory.Floats(x.AsSpan(row * columns, columns), 1, columns);
            memory.Device.LayerNorm(alone, w, b, Eps, alone);
            Numbers.AssertSameBits(all.AsSpan(row * columns, columns), memory.Read(alone), $"row {row}");
        }
    });

    static void Check(Device device, float[] x, int columns, bool inPlace)
    {
        using var memory = new Workspace(device);
        int rows = x.Length / columns;
        float[] w = Numbers.Normal(columns + 1000, columns), b = Numbers.Normal(columns + 2000, columns);
        Tensor source = memory.Floats(x, rows, columns);
        Tensor target = inPlace ? source : memory.New(rows, columns);
        device.LayerNorm(source, memory.Floats(w, 1, columns), memory.Floats(b, 1, columns), Eps, target);
        double[] exact = Reference.LayerNorm(Numbers.Doubles(x), Numbers.Doubles(w), Numbers.Doubles(b), Eps, columns);
        double[] size = [.. Enumerable.Range(0, rows).Select(row => Size(x.AsSpan(row * columns, columns)))];
        double[] deviation = [.. Enumerable.Range(0, rows).Select(row => Deviation(x.AsSpan(row * columns, columns)))];
        Numbers.AssertNear(exact, memory.Read(target), i =>
        {
            // The mean is off by γₙ · mean|x|, which moves every number of the row and the variance; the rest is relative.
            (double largest, double sigma) = (size[i / columns], deviation[i / columns]);
            double shift = 2 * Tolerance.Dot(columns, largest) / sigma * Math.Abs(w[i % columns]);
            double normed = Math.Abs(exact[i] - b[i % columns]);
            return shift * (1 + normed) + normed * (Tolerance.Dot(columns, 0.5) + 6 * Tolerance.Float) + Tolerance.Float * Math.Abs(exact[i]) + 1e-44;
        }, $"{columns} columns");
    }

    static double Size(ReadOnlySpan<float> row)
    {
        double size = 0;
        foreach (float value in row) size = Math.Max(size, Math.Abs(value));
        return size;
    }

    static double Deviation(ReadOnlySpan<float> row)
    {
        double mean = 0, squares = 0;
        foreach (float value in row) mean += (double)value / row.Length;
        foreach (float value in row) squares += (value - mean) * (value - mean) / row.Length;
        return Math.Sqrt(squares + Eps);
    }
}
