using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

public sealed class GroupAttentionTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_shape_matches_the_definition(string name) => Devices.Check(name, static test =>
    {
        foreach ((int groups, int groupRows) in test.Cases(
            [(1, 1), (2, 2), (3, 7), (2, 31), (1, 32), (2, 33), (1, 63), (2, 64), (1, 65), (1, 130), (0, 5)], (0, 5), (1, 1), (2, 3), (1, 70)))
            foreach ((int heads, int headDim) in test.Cases([(1, 1), (2, 3), (3, 8), (2, 16), (1, 31), (2, 34), (2, 88), (1, 128), (1, 129)], (1, 1), (1, 34), (2, 88), (1, 128)))
                // The GPU's warps hold heads of up to 128 numbers.
                if (test.IsCpu || headDim <= 128) Check(test, groups, groupRows, heads, headDim);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void A_tile_of_patches(string name) => Devices.Check(name, static test =>
        Check(test, test.IsEmulated ? 1 : 2, test.IsEmulated ? 17 : 577, 2, 88));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_group_does_not_depend_on_its_neighbours(string name) => Devices.Check(name, static test =>
    {
        const int heads = 2, headDim = 24, columns = heads * headDim;
        int groupRows = test.IsEmulated ? 5 : 70, size = groupRows * columns;
        using var memory = new Workspace(test.Device);
        float[] q = Numbers.Normal(1, 3 * size), k = Numbers.Normal(2, 3 * size), v = Numbers.Normal(3, 3 * size);
        v[5] = k[7] = float.NaN;
        float[] all = Run(memory, q, k, v, groupRows, heads);
        for (int group = 0; group < 3; group++)
        {
            Range own = (group * size)..((group + 1) * size);
            Numbers.AssertSameBits(Run(memory, q[own], k[own], v[own], groupRows, heads), all[own], $"group {group}");
        }
        Assert.All(all[size..], value => Assert.True(float.IsFinite(value)));

        float[] Run(Workspace memory, float[] q, float[] k, float[] v, int groupRows, int heads)
        {
            int rows = q.Length / columns;
            Tensor y = memory.New(rows, columns);
            memory.Device.GroupAttention(memory.Floats(q, rows, columns), memory.Floats(k, rows, columns), memory.Floats(v, rows, columns), groupRows, heads, y);
            return memory.Read(y);
        }
    });

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = Devices.Get("CPU, 1 thread");
        using var memory = new Workspace(device);
        Tensor x = memory.New(6, 8), y = memory.New(6, 8);
        Assert.Throws<ArgumentException>(() => device.GroupAttention(x, x, x, 4, 2, y));
        Assert.Throws<ArgumentException>(() => device.GroupAttention(x, x, x, 0, 2, y));
        Assert.Throws<ArgumentException>(() => device.GroupAttention(x, x, x, 3, 3, y));
        Assert.Throws<ArgumentException>(() => device.GroupAttention(x, memory.New(5, 8), x, 3, 2, y));
    }

    static void Check(TestDevice test, int groups, int groupRows, int heads, int headDim)
    {
        int rows = groups * groupRows, columns = heads * headDim, seed = rows + columns;
        using var memory = new Workspace(test.Device);
        float[] q = Numbers.Normal(seed, rows * columns, 2), k = Numbers.Normal(seed + 1, rows * columns), v = Numbers.Normal(seed + 2, rows * columns);
        Tensor y = memory.New(rows, columns);
        test.Device.GroupAttention(memory.Floats(q, rows, columns), memory.Floats(k, rows, columns), memory.Floats(v, rows, columns), groupRows, heads, y);
        float[] actual = memory.Read(y);
        for (int row = 0; row < rows; row += rows > 200 ? 37 : 1)
            for (int head = 0; head < heads; head++)
            {
                double[] query = AttentionCheck.Head(q, row, columns, head, headDim);
                int first = row / groupRows * groupRows;
                double[] keys = [.. Enumerable.Range(first, groupRows).SelectMany(r => AttentionCheck.Head(k, r, columns, head, headDim))];
                double[] values = [.. Enumerable.Range(first, groupRows).SelectMany(r => AttentionCheck.Head(v, r, columns, head, headDim))];
                AttentionCheck.AssertNear(query, keys, values, actual.AsSpan(row * columns + head * headDim, headDim), test.Exponential, $"{groups}×{groupRows}, row {row}, head {head} of {headDim}",
                    test.GroupRounding(headDim));
            }
    }
}
