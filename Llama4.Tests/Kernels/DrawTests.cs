using System.Runtime.InteropServices;
using Llama4.Core.Sampling;
using Llama4.Kernels;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>Draws of columns against their definition in double precision, and against the sampler of the processor.</summary>
public sealed class DrawTests
{
    public static TheoryData<string> Names => Devices.All;

    static readonly (int TopK, float TopP, float MinP)[] filters =
        [(0, 1, 0), (1, 1, 0), (5, 1, 0), (40, 0.9f, 0), (0, 0.5f, 0), (0, 0.95f, 0.02f), (0, 0.999999f, 0), (0, 1, 0.3f), (3000, 0.3f, 0), (7, 0.01f, 0.5f)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_draw_is_where_the_weights_say(string name) => Devices.Check(name, static test =>
    {
        int seed = 0;
        foreach ((int columns, float size) in test.Cases([(1, 1), (2, 3), (100, 0.01f), (5001, 2), (5000, 20), (300, 500)], (1, 1), (701, 2), (2100, 20)))
        {
            (int TopK, float TopP, float MinP)[] rules = test.IsEmulated ? filters : [.. filters, .. filters];
            float[] x = Numbers.Normal(++seed, rules.Length * columns, size);
            // Equal numbers, 0 and −0 among them, and rows of nothing else.
            for (int i = 0; i < x.Length; i += 3) x[i] = MathF.Round(x[i] * 2) / 2;
            x.AsSpan(3 * columns, 2 * columns).Clear();
            Check(test, x, columns, [.. rules.Select((r, i) => new DrawRule(i % 3 == 0 ? 1 : 1.3f, r.TopK, r.TopP, r.MinP, new Random(i + seed).NextDouble()))]);
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Without_temperature_the_first_of_the_largest_is_taken(string name) => Devices.Check(name, static test =>
    {
        float[] x = [.. Enumerable.Repeat(-3f, 2500), .. Enumerable.Repeat(-3f, 2500)];
        x[7] = x[2400] = -1;
        x[2500 + 2049] = float.MaxValue;
        using var memory = new Workspace(test.Device);
        Assert.Equal([7, 2049], Draw(memory, x, 2500, [new DrawRule(0, 5, 0.5f, 0.1f, 0.9), new DrawRule(0, 0, 1, 0, 0)]));
        // A small temperature ends there too, without an overflow.
        Assert.Equal([7, 2049], Draw(memory, x, 2500, [new DrawRule(1e30f, 1, 1, 0, 0.9), new DrawRule(1e30f, 0, 1, 0, 0.9)]));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void The_ends_of_the_random_numbers_draw_the_first_and_the_last(string name) => Devices.Check(name, static test =>
    {
        const int columns = 1500;
        float[] x = new float[4 * columns];
        using var memory = new Workspace(test.Device);
        double most = Math.BitDecrement(1.0);
        int[] drawn = Draw(memory, x, columns, [new(1, 0, 1, 0, 0), new(1, 0, 1, 0, most), new(1, 700, 1, 0, most), new(1, 0, 0.25f, 1, most)]);
        Assert.Equal([0, columns - 1, 699, 375], drawn);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_not_finite_is_reported(string name) => Devices.Check(name, static test =>
    {
        using var memory = new Workspace(test.Device);
        foreach (float broken in (float[])[float.NaN, -float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            float[] x = Numbers.Normal(1, 3 * 40);
            x[40 + 39] = broken;
            int[] chosen = Draw(memory, x, 40, [new DrawRule(0, 0, 1, 0, 0), new DrawRule(0, 0, 1, 0, 0), new DrawRule(1, 3, 0.9f, 0, 0.5)]);
            Assert.Equal(-1, chosen[1]);
            Assert.InRange(chosen[0], 0, 39);
            Assert.InRange(chosen[2], 0, 39);
        }
    });

    [Fact]
    public void The_sampler_draws_the_same()
    {
        const int columns = 3000;
        using var memory = new Workspace(Devices.Get("CPU, 1 thread"));
        var scratch = new SamplerScratch(columns);
        for (int i = 0; i < 200; i++)
        {
            (int topK, float topP, float minP) = filters[i % filters.Length];
            var options = new SamplingOptions { Temperature = 0.25f * (i % 7), TopK = topK, TopP = topP, MinP = minP, Seed = 42 };
            float[] x = Numbers.Normal(i, columns, 3);
            float inverse = options.Temperature == 0 ? 0 : 1 / options.Temperature;
            int drawn = Draw(memory, x, columns, [new DrawRule(inverse, topK, topP, minP, Philox.Uniform(options.Seed, (ulong)i))])[0];
            Assert.Equal(new Sampler(options, columns).Next(x, i, scratch).Id, drawn);
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Assert.Throws<ArgumentException>(() => device.Draw(memory.New(2, 5), memory.New(2, 6), memory.New(1, 2, Encoding.I32)));
        Assert.Throws<ArgumentException>(() => device.Draw(memory.New(2, 5), memory.New(1, 6, Encoding.I32), memory.New(1, 2, Encoding.I32)));
        Assert.Throws<ArgumentException>(() => device.Draw(memory.New(2, 5), memory.New(2, 6, Encoding.I32), memory.New(1, 3, Encoding.I32)));
    }

    static void Check(TestDevice test, float[] x, int columns, DrawRule[] rules)
    {
        using var memory = new Workspace(test.Device);
        int[] chosen = Draw(memory, x, columns, rules);
        for (int row = 0; row < rules.Length; row++)
        {
            DrawRule rule = rules[row];
            double[] kept = Kept(x.AsSpan(row * columns, columns).ToArray(), rule);
            double mass = kept.Sum(), before = kept[..Math.Max(chosen[row], 0)].Sum();
            Assert.InRange(chosen[row], 0, columns - 1);
            string what = $"row {row} of {columns}, {rule}: drew {chosen[row]}";
            // The device's weights are off by 2⁻²⁰, most of it from the rounding of their exponent.
            double target = rule.Random * mass, near = 1e-5 * mass;
            Assert.True(kept[chosen[row]] > 0, $"{what}, which the filters leave out");
            Assert.True(before <= target + near && before + kept[chosen[row]] >= target - near, $"{what}: weights {before} + {kept[chosen[row]]} around {target}");
        }
    }

    /// <summary>The weight of each column that the filters leave.</summary>
    static double[] Kept(float[] x, DrawRule rule)
    {
        double max = x.Max();
        double[] weights = [.. x.Select(value => Math.Exp((value - max) * rule.InverseTemperature))];
        List<int> order = [.. Enumerable.Range(0, x.Length).OrderByDescending(c => x[c]).ThenBy(c => c)];
        if (rule.TopK > 0) order = [.. order.Take(rule.TopK)];
        if (rule.TopP < 1)
        {
            double limit = rule.TopP * order.Sum(c => weights[c]), before = 0;
            order = [.. order.TakeWhile(c =>
            {
                bool stays = before <= limit;
                before += weights[c];
                return stays;
            })];
        }
        var kept = new double[x.Length];
        foreach (int c in order.Where(c => weights[c] >= rule.MinP)) kept[c] = weights[c];
        return kept;
    }

    static int[] Draw(Workspace memory, float[] x, int columns, DrawRule[] rules)
    {
        Tensor chosen = memory.New(1, rules.Length, Encoding.I32), settings = memory.New(rules.Length, DrawRule.Words, Encoding.I32);
        memory.Device.Upload<DrawRule>(rules, settings);
        memory.Device.Draw(memory.Floats(x, rules.Length, columns), settings, chosen);
        return memory.ReadIntegers(chosen);
    }
}
