using Llama4.Kernels;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>ChooseExperts, ScaleByScore and AddExperts.</summary>
public sealed class ExpertsTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_largest_logits_win_and_of_equals_the_lowest_index(string name) => Devices.Check(name, static test =>
    {
        var random = new Random(1);
        foreach ((int experts, int choices) in test.Cases([(1, 1), (2, 1), (2, 2), (16, 1), (16, 3), (128, 1), (128, 8), (33, 33)], (1, 1), (16, 3), (33, 33)))
        {
            int rows = test.IsEmulated ? 5 : 50;
            using var memory = new Workspace(test.Device);
            // Few different values, so that ties are common.
            float[] logits = [.. Enumerable.Range(0, rows * experts).Select(_ => random.Next(-4, 5) * 0.75f)];
            Route route = NewRoute(memory, rows, choices);
            memory.Device.ChooseExperts(memory.Floats(logits, rows, experts), route);
            int[] chosen = memory.ReadIntegers(route.Experts);
            float[] scores = memory.Read(route.Scores);
            for (int row = 0; row < rows; row++)
            {
                (int[] expected, double[] exact) = Reference.ChooseExperts(Numbers.Doubles(logits.AsSpan(row * experts, experts)), choices);
                Assert.Equal(expected, chosen[(row * choices)..((row + 1) * choices)]);
                Numbers.AssertNear(exact, scores.AsSpan(row * choices, choices), i => test.Sigmoid * Tolerance.Float * exact[i], "scores");
            }
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Broken_logits_still_give_different_experts(string name) => Devices.Check(name, static test =>
    {
        float[] logits =
        [
            float.NaN, float.NaN, float.NaN, float.NaN,
            float.NaN, 1, float.NaN, 2,
            float.NegativeInfinity, float.PositiveInfinity, 0, float.NegativeInfinity,
        ];
        using var memory = new Workspace(test.Device);
        Route route = NewRoute(memory, 3, 3);
        memory.Device.ChooseExperts(memory.Floats(logits, 3, 4), route);
        Assert.Equal([0, 1, 2, 3, 1, 0, 1, 2, 0], memory.ReadIntegers(route.Experts));
        float[] scores = memory.Read(route.Scores);
        Assert.All(scores[..3], score => Assert.True(float.IsNaN(score)));
        Assert.Equal([1f, 0.5f, 0f], scores[6..]);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Inputs_are_scaled_and_outputs_added_in_order(string name) => Devices.Check(name, static test =>
    {
        foreach (int columns in test.Cases([1, 7, 8, 33, 257, 3000], 1, 70))
            foreach ((int rows, int choices) in test.Cases([(1, 1), (5, 1), (1, 4), (6, 3)], (1, 1), (2, 3)))
            {
                using var memory = new Workspace(test.Device);
                float[] x = Numbers.Normal(columns, rows * columns), scores = Numbers.Normal(columns + 1, rows * choices);
                Route route = NewRoute(memory, rows, choices);
                memory.Device.Upload<float>(scores, route.Scores);
                Tensor scaled = memory.New(rows * choices, columns);
                memory.Device.ScaleByScore(memory.Floats(x, rows, columns), route, scaled);
                double[] exact = Reference.ScaleByScore(Numbers.Doubles(x), Numbers.Doubles(scores), columns);
                float[] actual = memory.Read(scaled);
                Numbers.AssertNear(exact, actual, i => Tolerance.Float * Math.Abs(exact[i]), "scaled");

                Tensor sum = memory.Floats(x, rows, columns);
                memory.Device.AddExperts(scaled, sum);
                double[] exactSum = Reference.AddExperts(Numbers.Doubles(actual), Numbers.Doubles(x), columns);
                double[] size = Reference.AddExperts([.. actual.Select(v => (double)Math.Abs(v))], [.. x.Select(v => (double)Math.Abs(v))], columns);
                Numbers.AssertNear(exactSum, memory.Read(sum), i => Tolerance.Dot(choices, size[i]), "sum");
            }
    });

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Assert.Throws<ArgumentException>(() => device.ChooseExperts(memory.New(2, 4), NewRoute(memory, 2, 5)));
        Assert.Throws<ArgumentException>(() => device.ChooseExperts(memory.New(2, 4), NewRoute(memory, 3, 1)));
        Assert.Throws<ArgumentException>(() => device.ScaleByScore(memory.New(2, 4), NewRoute(memory, 2, 2), memory.New(2, 4)));
        Assert.Throws<ArgumentException>(() => device.AddExperts(memory.New(5, 4), memory.New(2, 4)));
    }

    static Route NewRoute(Workspace memory, int rows, int choices) => new(memory.New(rows, choices, Encoding.I32), memory.New(rows, choices));
}
