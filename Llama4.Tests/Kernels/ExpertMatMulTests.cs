using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Kernels;

/// <summary>ExpertMatMul gives every row exactly what MatMul gives it alone with its expert's matrix, however the rows fall on the experts.</summary>
public sealed class ExpertMatMulTests
{
    public static TheoryData<string> Names => Devices.Processors;

    /// <summary>Rows of each expert: all to one, none, one, around the sizes of tiles and of what is packed at a time.</summary>
    static readonly int[][] distributions =
    [
        [1], [0, 1], [1, 1, 1, 1], [40, 0, 0], [0, 0, 40], [2, 3, 4, 5], [7, 8, 9, 0, 1], [31, 32, 33], [0, 0, 0, 0, 0, 0, 0, 1],
        [MatMulInput.MaxRows - 1, 2, 1], [MatMulInput.MaxRows + 1, 3], [3, 2 * MatMulInput.MaxRows],
    ];

    [Theory, MemberData(nameof(Names))]
    public void Every_distribution_equals_one_row_at_a_time(string name) => Devices.Check(name, static test =>
    {
        foreach (int[] distribution in distributions)
            foreach ((Encoding encoding, bool inputMajor) in ((Encoding, bool)[])[(Encoding.Q4_K, false), (Encoding.BF16, false), (Encoding.BF16, true)])
                AssertEqualsRows(test.Device, distribution, 1, encoding, inputMajor, inputs: 256, outputs: 11);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Several_experts_per_row(int perRow)
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Q8_0, Encoding.Q6_K, Encoding.F8E4M3])
            AssertEqualsRows(Devices.Get("CPU, 2 threads"), [4 * perRow, 0, 7 * perRow, perRow], perRow, encoding, false, inputs: 512, outputs: 70);
    }

    [Fact]
    public void Experts_may_have_scales()
    {
        Device device = Devices.Get("CPU, 2 threads");
        using var memory = new Workspace(device);
        var data = new MatMulData(new(Encoding.F8E4M3, 4, 32, 6), 1);
        float[] scales = Numbers.Normal(2, 6);
        Weight plain = data.Matrix(memory), scaled = plain with { Scales = memory.Floats(scales, 1, 6) };
        Tensor x = memory.Floats(data.X, 4, 32), expected = memory.New(4, 6), y = memory.New(4, 6);
        device.MatMul(x, new Projection(scaled, expected));
        device.ExpertMatMul(x, new Route(memory.Integers([1, 1, 1, 1], 4, 1), memory.New(4, 1)), new ExpertProjection([plain, scaled], y));
        Numbers.AssertSameBits(memory.Read(expected), memory.Read(y), "scaled");
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Tensor x = memory.New(2, 32), y = memory.New(2, 5), scores = memory.New(2, 1);
        Weight[] experts = [new(memory.New(5, 32, Encoding.Q8_0)), new(memory.New(5, 32, Encoding.Q8_0))];
        var good = new Route(memory.Integers([0, 1], 2, 1), scores);
        device.ExpertMatMul(x, good, new ExpertProjection(experts, y));
        device.ExpertMatMul(x, good);
        Assert.Throws<ArgumentOutOfRangeException>(() => device.ExpertMatMul(x, new(memory.Integers([0, 2], 2, 1), scores), new ExpertProjection(experts, y)));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.ExpertMatMul(x, new(memory.Integers([-1, 0], 2, 1), scores), new ExpertProjection(experts, y)));
        Assert.Throws<ArgumentException>(() => device.ExpertMatMul(x, new(memory.Integers([0], 1, 1), scores), new ExpertProjection(experts, y)));
        Assert.Throws<ArgumentException>(() => device.ExpertMatMul(x, good, new ExpertProjection(experts, y), new ExpertProjection(experts[..1], y)));
        Assert.Throws<ArgumentException>(() => device.ExpertMatMul(x, good, new ExpertProjection(experts, memory.New(2, 4))));
    }

    [Fact]
    public void Nothing_is_allocated_once_the_sizes_have_been_seen()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Weight[] experts = [.. Enumerable.Range(0, 5).Select(e => new Weight(memory.New(12, 64, Encoding.Q4_0)))];
        Tensor x = memory.New(6, 64), y = memory.New(6, 12);
        var route = new Route(memory.Integers([0, 4, 4, 2, 2, 2], 6, 1), memory.New(6, 1));
        device.ExpertMatMul(x, route, new ExpertProjection(experts, y));
        Allocations.AssertNone(() =>
        {
            for (int i = 0; i < 10; i++) device.ExpertMatMul(x, route, new ExpertProjection(experts, y));
        });
    }

    static void AssertEqualsRows(Device device, int[] distribution, int perRow, Encoding encoding, bool inputMajor, int inputs, int outputs)
    {
        string what = $"{encoding}, rows [{string.Join(", ", distribution)}]";
        int rows = distribution.Sum();
        int[] choices = [.. distribution.SelectMany((count, expert) => Enumerable.Repeat(expert, count))];
        new Random(rows).Shuffle(choices);
        using var memory = new Workspace(device);
        Weight[] gate = Matrices(1), up = Matrices(100);
        float[] numbers = Numbers.Normal(3, rows * inputs);
        Tensor x = memory.Floats(numbers, rows, inputs), gateY = memory.New(rows, outputs), upY = memory.New(rows, outputs);
        var route = new Route(memory.Integers(choices, rows / perRow, perRow), memory.New(rows / perRow, perRow));
        device.ExpertMatMul(x, route, new ExpertProjection(gate, gateY), new ExpertProjection(up, upY));
        float[] gates = memory.Read(gateY), ups = memory.Read(upY);
        Tensor row = memory.New(1, outputs);
        for (int i = 0; i < rows; i++)
        {
            device.MatMul(x.RowRange(i, 1), new Projection(gate[choices[i]], row));
            Numbers.AssertSameBits(memory.Read(row), gates.AsSpan(i * outputs, outputs), $"{what}: gate of row {i}");
            device.MatMul(x.RowRange(i, 1), new Projection(up[choices[i]], row));
            Numbers.AssertSameBits(memory.Read(row), ups.AsSpan(i * outputs, outputs), $"{what}: up of row {i}");
        }

        Weight[] Matrices(int seed) =>
            [.. Enumerable.Range(seed, distribution.Length).Select(s => new MatMulData(new(encoding, 1, inputs, outputs, inputMajor), s).Matrix(memory))];
    }
}
