using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

/// <summary>GatherRows, ScatterRows, AddRows: exact.</summary>
public sealed class RowsTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Gather_and_scatter_move_rows_exactly(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        foreach (int columns in test.Cases([1, 3, 8, 31, 257, 6000], 1, 31))
        {
            using var memory = new Workspace(device);
            float[] x = Numbers.Normal(columns, 7 * columns);
            x[0] = float.NaN;
            x[^1] = float.NegativeInfinity;
            int[] rows = [6, 0, 3, 3, 1];
            Tensor gathered = memory.New(5, columns);
            device.GatherRows(memory.Floats(x, 7, columns), memory.Integers(rows), gathered);
            AssertExact(Reference.GatherRows(Numbers.Doubles(x), rows, columns), memory.Read(gathered));

            int[] places = [4, 0, 8, 2, 1, 6, 7];
            float[] y = Numbers.Normal(columns + 1, 9 * columns);
            Tensor scattered = memory.Floats(y, 9, columns);
            device.ScatterRows(memory.Floats(x, 7, columns), memory.Integers(places), scattered);
            AssertExact(Reference.ScatterRows(Numbers.Doubles(x), places, Numbers.Doubles(y), columns), memory.Read(scattered));
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void AddRows_repeats_the_rows_of_x(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        foreach (int columns in test.Cases([1, 7, 8, 9, 64, 257, 5000], 1, 33))
            foreach ((int xRows, int yRows) in ((int, int)[])[(1, 1), (1, 5), (3, 7), (7, 7)])
            {
                using var memory = new Workspace(device);
                float[] x = Numbers.Normal(columns, xRows * columns), y = Numbers.Normal(columns + 1, yRows * columns);
                Tensor sum = memory.Floats(y, yRows, columns);
                device.AddRows(memory.Floats(x, xRows, columns), sum);
                AssertExact(Reference.AddRows(Numbers.Doubles(x), Numbers.Doubles(y)), memory.Read(sum));
            }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Rows_outside_and_wrong_shapes_are_refused(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        using var memory = new Workspace(device);
        Tensor x = memory.New(3, 8), y = memory.New(2, 8);
        if (test.IsCpu)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => device.GatherRows(x, memory.Integers(0, 3), y));
            Assert.Throws<ArgumentOutOfRangeException>(() => device.GatherRows(x, memory.Integers(-1, 0), y));
            Assert.Throws<ArgumentOutOfRangeException>(() => device.ScatterRows(y, memory.Integers(0, 3), x));
        }
        else
        {
            // A kernel cannot throw: a row that is not there is NaN, and one that cannot be written is left out.
            device.GatherRows(x, memory.Integers(1, 3), y);
            Assert.Equal([.. Enumerable.Repeat(0f, 8), .. Enumerable.Repeat(float.NaN, 8)], memory.Read(y));
            device.GatherRows(x, memory.Integers(-1, 1), y);
            Assert.Equal([.. Enumerable.Repeat(float.NaN, 8), .. Enumerable.Repeat(0f, 8)], memory.Read(y));
            device.ScatterRows(y, memory.Integers(3, -1), x);
            Assert.All(memory.Read(x), value => Assert.Equal(0, value));
        }
        Assert.Throws<ArgumentException>(() => device.GatherRows(x, memory.Integers(0, 1, 2), y));
        Assert.Throws<ArgumentException>(() => device.GatherRows(x, memory.New(1, 2), y));
        Assert.Throws<ArgumentException>(() => device.GatherRows(x, memory.Integers(0, 1), memory.New(2, 7)));
        var error = Assert.Throws<ArgumentException>(() => device.AddRows(memory.New(1, 7), y));
        Assert.Contains("AddRows: x is 1×7 F32, contiguous; expected 1×8 F32, contiguous", error.Message);
        Assert.Throws<ArgumentException>(() => device.AddRows(memory.New(0, 8), y));
        Assert.Throws<ArgumentException>(() => device.AddRows(memory.New(2, 16).ColumnRange(0, 8), y));
        device.GatherRows(x, memory.Integers(), memory.New(0, 8));
        device.ScatterRows(memory.New(0, 8), memory.Integers(), x);
        device.AddRows(x, memory.New(0, 8));
    });

    static void AssertExact(double[] exact, float[] actual) => Numbers.AssertNear(exact, actual, i => Tolerance.Float * Math.Abs(exact[i]), "rows");
}
