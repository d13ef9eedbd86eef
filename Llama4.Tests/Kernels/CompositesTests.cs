using Llama4.Kernels;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>Composite operations against the formulas of what they are made of: for the definition and for every override of it.</summary>
public sealed class CompositesTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Heads_are_turned_normed_scaled_and_written(string name) => Devices.Check(name, static test =>
    {
        int seed = 0;
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.F16, Encoding.BF16, Encoding.Q8_0])
            foreach (int headDim in encoding == Encoding.Q8_0 ? test.Cases([32, 96, 128], 64, 128) : test.Cases([2, 6, 44, 64, 128], 6, 44, 128))
                foreach ((bool rotary, bool norm, bool scale) in ((bool, bool, bool)[])[(true, true, false), (true, false, false), (false, false, true), (false, false, false)])
                    CheckHeads(test, ++seed, encoding, headDim, rotary, norm, scale);
    });

    static void CheckHeads(TestDevice test, int seed, Encoding encoding, int headDim, bool rotary, bool norm, bool scale)
    {
        const int keyHeads = 2, heads = 6;
        const float eps = 1e-5f, floor = 3, factor = 0.1f;
        (int Sequence, int Position)[] rows = [(0, 7), (0, 8), (1, 4)];
        using var memory = new Workspace(test.Device);
        var cache = new TestCache(memory, seed, [9, 5], keyHeads, headDim, encoding, pageRows: 4, window: 0);
        int[] positions = [.. rows.Select(r => r.Position)];
        float[] turns = [.. Reference.RotaryTable(positions, [.. Enumerable.Range(0, headDim / 2).Select(j => 1f / (1 + j))]).Select(turn => (float)turn)];
        float[] q = Numbers.Normal(seed, rows.Length * heads * headDim, 3), k = Gather(cache.Keys), v = Gather(cache.Values);
        Tensor queries = memory.Floats(q, rows.Length, heads * headDim);
        var rule = new HeadRule(
            rotary ? memory.Floats(turns, rows.Length, headDim) : null, norm ? eps : null, scale ? new PositionScale(floor, factor) : null);
        test.Device.FinishQkv(
            queries, memory.Floats(k, rows.Length, keyHeads * headDim), memory.Floats(v, rows.Length, keyHeads * headDim), rule, cache.Rows(rows), cache.Pages, cache.Layer);

        double[] exactQueries = Exact(q, heads), exactKeys = Exact(k, keyHeads);
        for (int t = 0; scale && t < rows.Length; t++)
            for (int i = 0; i < heads * headDim; i++) exactQueries[t * heads * headDim + i] *= Reference.ScaleByPosition(positions[t], floor, factor);
        // Two products and a sum of the rotation, of numbers that are at most √2 as large as the pair; the norm's sum; the factor's logarithm.
        double relative = (6 + test.Logarithm + (norm ? headDim + 8 : 0)) * Tolerance.Float;
        Numbers.AssertNear(exactQueries, memory.Read(queries), i => relative * (Math.Abs(exactQueries[i]) + Math.Abs(exactQueries[i ^ 1])) + 1e-30, $"queries of {headDim}");
        cache.AssertNeighbourUntouched();
        for (int t = 0; t < rows.Length; t++)
            for (int head = 0; head < keyHeads; head++)
            {
                int start = (t * keyHeads + head) * headDim;
                AssertStored(exactKeys.AsSpan(start, headDim).ToArray(), t, head, keys: true);
                AssertStored(Numbers.Doubles(v.AsSpan(start, headDim)), t, head, keys: false);
            }

        float[] Gather(float[][] all) => [.. rows.SelectMany(r => all[r.Sequence].AsSpan(r.Position * keyHeads * headDim, keyHeads * headDim).ToArray())];

        double[] Exact(float[] x, int count)
        {
            double[] exact = Numbers.Doubles(x);
            if (rotary) exact = Reference.Rotate(exact, Numbers.Doubles(turns), count * headDim, headDim);
            return norm ? Reference.RmsNorm(exact, null, eps, headDim) : exact;
        }

        void AssertStored(double[] exact, int t, int head, bool keys)
        {
            double[] stored = cache.Stored(rows[t].Sequence, head, rows[t].Position, rows[t].Position, keys);
            for (int i = 0; i < headDim; i++)
            {
                double largest = exact.Skip(i / 32 * 32).Take(32).Max(Math.Abs), near = 2 * relative * largest + KvEntry.Tolerance(encoding, exact[i], largest);
                Assert.True(
                    Math.Abs(stored[i] - exact[i]) <= near, $"{encoding}, {(keys ? "keys" : "values")} of {headDim}, row {t}, head {head}: number {i} is {stored[i]}, expected {exact[i]} within {near}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Rows_are_routed(string name) => Devices.Check(name, static test =>
    {
        foreach ((int rows, int columns, int experts, int choices) in test.Cases([(1, 8, 4, 1), (3, 300, 16, 1), (5, 32, 128, 3)], (1, 8, 4, 1), (2, 300, 40, 3)))
        {
            using var memory = new Workspace(test.Device);
            float[] x = Numbers.Normal(rows, rows * columns), w = Numbers.Normal(experts, experts * columns);
            Tensor logits = memory.New(rows, experts), scaled = memory.New(rows * choices, columns);
            var route = new Route(memory.New(rows, choices, Encoding.I32), memory.New(rows, choices));
            test.Device.RouteRows(memory.Floats(x, rows, columns), new Weight(memory.Floats(w, experts, columns)), logits, route, scaled);
            float[] actual = memory.Read(logits);
            for (int i = 0; i < actual.Length; i++)
            {
                double exact = 0, size = 0;
                for (int c = 0; c < columns; c++)
                {
                    double product = (double)x[i / experts * columns + c] * w[i % experts * columns + c];
                    exact += product;
                    size += Math.Abs(product);
                }
                Numbers.AssertNear([exact], [actual[i]], _ => Tolerance.Dot(columns, size), "logits");
            }
            int[] chosen = memory.ReadIntegers(route.Experts);
            float[] scores = memory.Read(route.Scores);
            for (int row = 0; row < rows; row++)
            {
                (int[] expected, double[] exact) = Reference.ChooseExperts(Numbers.Doubles(actual.AsSpan(row * experts, experts)), choices);
                Assert.Equal(expected, chosen[(row * choices)..((row + 1) * choices)]);
                Numbers.AssertNear(exact, scores.AsSpan(row * choices, choices), i => test.Sigmoid * Tolerance.Float * exact[i], "scores");
            }
            double[] products = Reference.ScaleByScore(Numbers.Doubles(x), Numbers.Doubles(scores), columns);
            Numbers.AssertNear(products, memory.Read(scaled), i => Tolerance.Float * Math.Abs(products[i]), "scaled");
        }
    });

    // The rest are exactly what their parts give, one after the other, on the same device: with so few rows that a GPU may take them as bytes.

    [Theory]
    [MemberData(nameof(Names))]
    public void A_norm_and_its_products_are_the_parts(string name) => Devices.Check(name, NormAndProducts);

    internal static void NormAndProducts(TestDevice test)
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Q8_0, Encoding.BF16])
            foreach (int rows in (int[])[1, 3])
            {
                using var memory = new Workspace(test.Device);
                const int columns = 160, outputs = 6;
                float[] values = Numbers.Normal(rows, rows * columns);
                // A group of 32 that is tiny, and one of zeros.
                for (int i = 32; i < 64; i++) values[i] *= 1e-33f;
                values.AsSpan(64, 32).Clear();
                Tensor x = memory.Floats(values, rows, columns), w = memory.Floats(Numbers.Normal(3, columns), 1, columns);
                Weight first = Matrix(memory, encoding, columns, outputs, 4), second = Matrix(memory, encoding, columns, outputs, 5);
                Tensor[] normed = [memory.New(rows, columns), memory.New(rows, columns)], y = [.. Enumerable.Range(0, 4).Select(_ => memory.New(rows, outputs))];
                test.Device.NormMatMul(x, w, 1e-5f, normed[0], new(first, y[0]), new(second, y[1]));
                test.Device.RmsNorm(x, w, 1e-5f, normed[1]);
                test.Device.MatMul(normed[1], new(first, y[2]), new(second, y[3]));
                AssertSame(memory, normed[1], normed[0], $"{encoding}: norm of {rows} rows");
                AssertSame(memory, y[2], y[0], $"{encoding}: first product of {rows} rows");
                AssertSame(memory, y[3], y[1], $"{encoding}: second product of {rows} rows");
            }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_gated_layer_is_its_parts(string name) => Devices.Check(name, GatedLayer);

    internal static void GatedLayer(TestDevice test)
    {
        const int columns = 64, width = 96;
        foreach (Encoding encoding in (Encoding[])[Encoding.Q8_0, Encoding.BF16])
            foreach (int rows in (int[])[1, 3])
            {
                using var memory = new Workspace(test.Device);
                float[] before = Numbers.Normal(1, rows * columns);
                Tensor x = memory.Floats(Numbers.Normal(2, rows * columns), rows, columns), gated = memory.New(rows, width), raised = memory.New(rows, width);
                Tensor[] y = [memory.Floats(before, rows, columns), memory.Floats(before, rows, columns)];
                Weight gate = Matrix(memory, encoding, columns, width, 3), up = Matrix(memory, encoding, columns, width, 4), down = Matrix(memory, encoding, width, columns, 5);
                test.Device.SwiGlu(x, gate, up, down, gated, raised, y[0]);
                test.Device.MatMul(x, new(gate, gated), new(up, raised));
                test.Device.SiluMul(gated, raised, gated);
                test.Device.MatMul(gated, new Projection(down, y[1], Add: true));
                AssertSame(memory, y[1], y[0], $"{encoding}: gated layer, {rows} rows");
            }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Experts_are_their_parts(string name) => Devices.Check(name, Experts);

    internal static void Experts(TestDevice test)
    {
        const int rows = 2, experts = 3, columns = 64, width = 32;
        foreach ((Encoding encoding, int choices) in ((Encoding, int)[])[(Encoding.Q8_0, 2), (Encoding.Q8_0, 1), (Encoding.BF16, 1)])
        {
            using var memory = new Workspace(test.Device);
            float[] before = Numbers.Normal(1, rows * columns);
            var route = new Route(memory.Integers([.. new[] { 2, 0, 1, 2 }.Take(rows * choices)], rows, choices), memory.New(rows, choices));
            Tensor x = memory.Floats(Numbers.Normal(2, rows * choices * columns), rows * choices, columns);
            Tensor[] y = [memory.Floats(before, rows, columns), memory.Floats(before, rows, columns)];
            ExpertProjection gate = Projection(columns, width, 10), up = Projection(columns, width, 20), down = Projection(width, columns, 30);
            test.Device.ExpertSwiGlu(x, route, gate, up, down, y[0]);
            test.Device.ExpertMatMul(x, route, gate, up);
            test.Device.SiluMul(gate.Output, up.Output, gate.Output);
            test.Device.ExpertMatMul(gate.Output, route, down);
            test.Device.AddExperts(down.Output, y[1]);
            AssertSame(memory, y[1], y[0], $"{encoding}: {choices} experts a row");

            ExpertProjection Projection(int inputs, int outputs, int seed) =>
                new([.. Enumerable.Range(seed, experts).Select(s => Matrix(memory, encoding, inputs, outputs, s))], memory.New(rows * choices, outputs));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Attention_and_its_projection_are_the_parts(string name) => Devices.Check(name, AttentionAndProjection);

    internal static void AttentionAndProjection(TestDevice test)
    {
        const int group = 2, outputs = 5;
        foreach (int headDim in (int[])[32, 64, 128])
            foreach ((int, int)[] rows in ((int, int)[][])[[(0, 40)], [(0, 40), (1, 3)]])
            {
                using var memory = new Workspace(test.Device);
                var cache = new TestCache(memory, 8, [41, 4], 1, headDim, Encoding.BF16, pageRows: 16, window: 0);
                cache.Write(0, 0, 41);
                cache.Write(1, 0, 4);
                int columns = group * headDim;
                Tensor q = memory.Floats(Numbers.Normal(1, rows.Length * columns), rows.Length, columns);
                Tensor[] heads = [memory.New(rows.Length, columns), memory.New(rows.Length, columns)], y = [memory.New(rows.Length, outputs), memory.New(rows.Length, outputs)];
                Weight output = Matrix(memory, Encoding.Q8_0, columns, outputs, 2);
                test.Device.AttentionMatMul(q, cache.Rows(rows), cache.Pages, cache.Layer, heads[0], new Projection(output, y[0]));
                test.Device.Attention(q, cache.Rows(rows), cache.Pages, cache.Layer, heads[1]);
                test.Device.MatMul(heads[1], new Projection(output, y[1]));
                AssertSame(memory, heads[1], heads[0], $"heads of {headDim}");
                AssertSame(memory, y[1], y[0], $"projection of heads of {headDim}");
            }
    }

    static Weight Matrix(Workspace memory, Encoding encoding, int inputs, int outputs, int seed) =>
        new MatMulData(new MatMulCase(encoding, 1, inputs, outputs), seed).Matrix(memory);

    static void AssertSame(Workspace memory, Tensor expected, Tensor actual, string what) =>
        Numbers.AssertSameBits(memory.Read(expected), memory.Read(actual), what);
}
