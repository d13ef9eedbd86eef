using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

public sealed class ScaleByPositionTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_factors_of_the_specification(string name) => Devices.Check(name, static test =>
    {
        // Specification 1.4.
        (int Position, float Factor)[] known =
        [
            (0, 1), (8190, 1), (8191, 1.0693147f), (16383, 1.1098612f), (131_071, 1.2833213f), (1_048_575, 1.4859812f), (10_485_759, 1.7155396f),
        ];
        using var memory = new Workspace(test.Device);
        foreach ((int position, float factor) in known)
        {
            Tensor q = memory.Floats([1, -1], 1, 2);
            memory.Device.ScaleByPosition(q, memory.Integers(position), 8192, 0.1f);
            float[] y = memory.Read(q);
            Assert.Equal(factor, y[0], 1.2e-7f);
            Assert.Equal(-y[0], y[1]);
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_row_is_scaled_by_its_own_position(string name) => Devices.Check(name, static test =>
    {
        foreach (int columns in test.Cases([.. Enumerable.Range(1, 40), 71, 102, 133, 257], 1, 33)) Check(test, 9, columns);
        if (!test.IsEmulated) Check(test, 40, 1000);
    });

    [Fact]
    public void A_floor_that_is_not_positive_is_refused()
    {
        using var memory = new Workspace(Devices.Get("CPU, 1 thread"));
        Tensor q = memory.New(1, 8), positions = memory.Integers(0);
        foreach (float floor in (float[])[0, -1, float.NaN])
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Device.ScaleByPosition(q, positions, floor, 0.1f));
    }

    static void Check(TestDevice test, int rows, int columns)
    {
        using var memory = new Workspace(test.Device);
        float[] x = Numbers.Normal(columns, rows * columns);
        x[0] = float.NaN;
        x[^1] = float.NegativeInfinity;
        int[] positions = [.. Enumerable.Range(0, rows).Select(row => row * 37)];
        Tensor q = memory.Floats(x, rows, columns);
        memory.Device.ScaleByPosition(q, memory.Integers(positions), 50, 0.25f);
        double[] exact = [.. x.Select((value, i) => value * Reference.ScaleByPosition(positions[i / columns], 50, 0.25))];
        Numbers.AssertNear(exact, memory.Read(q), i => (2 + test.Logarithm) * Tolerance.Float * Math.Abs(exact[i]), $"{columns} columns");
    }
}
