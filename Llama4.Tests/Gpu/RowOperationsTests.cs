using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Gpu;

/// <summary>The kernels over rows and numbers, emulated, against the double reference. Shapes end inside a warp and inside a group.</summary>
public sealed class RowOperationsTests
{
    // ex2.approx and lg2.approx are good to 2⁻²², with a few roundings around them.
    const double Approximate = 16 * Tolerance.Float;

    [Fact]
    public void Rows_move_and_add_exactly() => Emulated.Check(Rows);

    [Fact]
    public void Norms_match_the_formula() => Emulated.Check(Norms);

    [Fact]
    public void Activations_match_the_formula() => Emulated.Check(Activations);

    [Fact]
    public void Positions_match_the_formula() => Emulated.Check(Positions);

    [Fact]
    public void Experts_are_chosen_scaled_and_added() => Emulated.Check(Experts);

    static void Rows()
    {
        const int columns = 37;
        using GpuDevice device = EmulatedDevice.Create();
        using var memory = new Workspace(device);
        float[] x = Numbers.Normal(1, 5 * columns), y = Numbers.Normal(2, 4 * columns);
        int[] gathered = [4, 0, 0, 2], scattered = [3, 0, 2];
        Tensor source = memory.Floats(x, 5, columns), target = memory.Floats(y, 4, columns);
        device.AddRows(source.RowRange(0, 3), target);
        Numbers.AssertNear(Reference.AddRows(Numbers.Doubles(x[..(3 * columns)]), Numbers.Doubles(y)), memory.Read(target), i => Tolerance.Float * 8, "added");
        device.GatherRows(source, memory.Integers(gathered), target);
        float[] before = memory.Read(target);
        Numbers.AssertNear(Reference.GatherRows(Numbers.Doubles(x), gathered, columns), before, _ => 0, "gathered");
        device.ScatterRows(source.RowRange(1, 3), memory.Integers(scattered), target);
        double[] expected = Reference.ScatterRows(Numbers.Doubles(x[columns..(4 * columns)]), scattered, Numbers.Doubles(before), columns);
        Numbers.AssertNear(expected, memory.Read(target), _ => 0, "scattered");
        // A row that is not there is NaN, and one that cannot be written is left out: a kernel cannot throw.
        device.GatherRows(source, memory.Integers(5, -1, 1, 1), target);
        Assert.All(memory.Read(target)[..(2 * columns)], value => Assert.True(float.IsNaN(value)));
        device.ScatterRows(source.RowRange(1, 2), memory.Integers(-1, 4), target);
        Assert.Equal(x[columns..(2 * columns)], memory.Read(target)[(2 * columns)..(3 * columns)]);
        device.AddRows(source, memory.New(0, columns));
        Assert.Throws<ArgumentException>(() => device.AddRows(memory.New(1, 7), target));
    }

    static void Norms()
    {
        using GpuDevice device = EmulatedDevice.Create(groupThreads: 64);
        using var memory = new Workspace(device);
        foreach (int columns in (int[])[1, 33, 200])
        {
            float[] x = Numbers.Normal(columns, 2 * columns), w = Numbers.Normal(columns + 1, columns), b = Numbers.Normal(columns + 2, columns);
            Tensor source = memory.Floats(x, 2, columns), weight = memory.Floats(w, 1, columns), y = memory.New(2, columns);
            double relative = Tolerance.Dot(columns, 0.5) + 5 * Tolerance.Float;
            foreach (bool weighted in (bool[])[true, false])
            {
                device.RmsNorm(source, weighted ? weight : null, 1e-5f, y);
                double[] exact = Reference.RmsNorm(Numbers.Doubles(x), weighted ? Numbers.Doubles(w) : null, 1e-5f, columns);
                Numbers.AssertNear(exact, memory.Read(y), i => relative * Math.Abs(exact[i]) + 1e-44, $"RMS norm of {columns}");
            }
            device.LayerNorm(source, weight, memory.Floats(b, 1, columns), 1e-5f, y);
            double[] layer = Reference.LayerNorm(Numbers.Doubles(x), Numbers.Doubles(w), Numbers.Doubles(b), 1e-5f, columns);
            // One number in a row is its own mean: what is left of the difference is a rounding, through √eps.
            double largest = x.Max(Math.Abs) * Tolerance.Dot(columns, 1);
            Numbers.AssertNear(layer, memory.Read(y), i => 8 * (relative + largest) * (1 + Math.Abs(layer[i]) + Math.Abs(w[i % columns])), $"layer norm of {columns}");
        }
    }

    static void Activations()
    {
        using GpuDevice device = EmulatedDevice.Create();
        using var memory = new Workspace(device);
        float[] gate = [.. Numbers.Normal(1, 50, 6), 0, -0f, 30, -30, 88, -87, 1e30f, float.NaN, float.PositiveInfinity], up = Numbers.Normal(2, gate.Length);
        Tensor y = memory.New(1, gate.Length);
        device.SiluMul(memory.Floats(gate, 1, gate.Length), memory.Floats(up, 1, up.Length), y);
        double[] exact = [.. gate.Zip(up, (a, b) => Reference.SiluMul(a, b))];
        Numbers.AssertNear(exact, memory.Read(y), i => Approximate * Math.Abs(exact[i]) + 1e-36, "silu");

        float[] x = [.. Numbers.Normal(3, 50, 3), 0, -0f, 12, -12, 40, -40, float.NaN, float.PositiveInfinity];
        Tensor inPlace = memory.Floats(x, 1, x.Length);
        device.Gelu(inPlace);
        double[] gelu = [.. x.Select(value => Reference.Gelu(value))];
        // As for the CPU, whose polynomial it is: the exponential's argument a²/2 is rounded.
        Numbers.AssertNear(gelu, memory.Read(inPlace), i => Math.Abs(x[i]) * (Approximate + 12 * Tolerance.Float) * Math.Exp(-x[i] * x[i] / 2.0) * (1 + x[i] * x[i] / 2) + 2 * Tolerance.Float * Math.Abs(gelu[i]) + 1e-40, "gelu");
    }

    static void Positions()
    {
        using GpuDevice device = EmulatedDevice.Create();
        using var memory = new Workspace(device);
        int[] positions = [0, 1, 7, 8191, 10_485_759];
        float[] frequencies = [1, 0.3f, 1e-4f];
        Tensor place = memory.Integers(positions), table = memory.New(5, 6);
        device.RotaryTable(place, memory.Floats(frequencies, 1, 3), table);
        double[] turns = Reference.RotaryTable(positions, frequencies);
        Numbers.AssertNear(turns, memory.Read(table), i => Tolerance.Float * Math.Abs(turns[i]) + 1e-9, "rotary table");

        float[] x = Numbers.Normal(1, 10 * 12);
        Tensor heads = memory.Floats(x, 10, 12);
        device.Rotate(heads, table);
        double[] exact = Reference.Rotate(Numbers.Doubles(x), turns, 12, 6);
        Numbers.AssertNear(exact, memory.Read(heads), i => Tolerance.Dot(4, Math.Abs(x[i]) + Math.Abs(x[i ^ 1])) + 1e-8, "rotated");

        float[] q = Numbers.Normal(2, 5 * 7);
        Tensor queries = memory.Floats(q, 5, 7);
        device.ScaleByPosition(queries, place, 8192, 0.1f);
        double[] scaled = [.. q.Select((value, i) => value * Reference.ScaleByPosition(positions[i / 7], 8192, 0.1f))];
        Numbers.AssertNear(scaled, memory.Read(queries), i => Approximate * Math.Abs(scaled[i]), "scaled by position");
    }

    static void Experts()
    {
        const int rows = 4, experts = 6, choices = 2, columns = 19;
        using GpuDevice device = EmulatedDevice.Create();
        using var memory = new Workspace(device);
        float[] logits = Numbers.Normal(1, rows * experts, 3);
        logits[2] = logits[4] = 9; // equal: the lower index first
        logits[experts] = float.NaN;
        var route = new Route(memory.Integers(new int[rows * choices], rows, choices), memory.New(rows, choices));
        device.ChooseExperts(memory.Floats(logits, rows, experts), route);
        int[] chosen = memory.ReadIntegers(route.Experts);
        float[] scores = memory.Read(route.Scores);
        for (int row = 0; row < rows; row++)
        {
            (int[] best, double[] exact) = Reference.ChooseExperts(Numbers.Doubles(logits.AsSpan(row * experts, experts)), choices);
            Assert.Equal(best, chosen[(row * choices)..((row + 1) * choices)]);
            Numbers.AssertNear(exact, scores.AsSpan(row * choices, choices), i => Approximate * exact[i], "scores");
        }
        float[] x = Numbers.Normal(2, rows * columns), y = Numbers.Normal(3, rows * columns);
        Tensor scaled = memory.New(rows * choices, columns), sum = memory.Floats(y, rows, columns);
        device.ScaleByScore(memory.Floats(x, rows, columns), route, scaled);
        float[] products = memory.Read(scaled);
        double[] expected = Reference.ScaleByScore(Numbers.Doubles(x), Numbers.Doubles(scores), columns);
        Numbers.AssertNear(expected, products, i => Tolerance.Float * Math.Abs(expected[i]), "scaled");
        device.AddExperts(scaled, sum);
        Numbers.AssertNear(Reference.AddExperts(Numbers.Doubles(products), Numbers.Doubles(y), columns), memory.Read(sum), _ => 3 * 8 * Tolerance.Float, "added");
    }
}
