using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Products;
using Llama4.Tests.Kernels;
using Llama4.Tests.Kernels.Formats;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

/// <summary>Products and the embedding in every format, emulated, against the double reference.</summary>
public sealed class MatMulTests
{
    static readonly Encoding[] encodings = [.. Enum.GetValues<Encoding>().Where(e => e is not (Encoding.I32 or Encoding.I64))];

    [Fact]
    public void Every_format_matches_the_definition() => Emulated.Check(Formats);

    [Fact]
    public void Input_major_scales_bias_and_sum() => Emulated.Check(Variants);

    [Fact]
    public void Each_row_meets_its_expert() => Emulated.Check(Experts);

    [Fact]
    public void Few_rows_share_the_weights() => Emulated.Check(FewRows);

    [Fact]
    public void Many_rows_are_exact_within_rounding() => Emulated.Check(ManyRows);

    [Fact]
    public void Tiles_of_a_real_device_are_exact_within_rounding() => Emulated.Check(LargeTiles);

    [Fact]
    public void Many_rows_meet_their_experts() => Emulated.Check(ManyExpertRows);

    [Fact]
    public void Whole_inputs_lose_nothing() => Emulated.Check(WholeInputs);

    [Fact]
    public void Exact_inputs_are_not_rounded() => Emulated.Check(ExactInputs);

    /// <summary>Where x is taken as bytes.</summary>
    static bool AsBytes(Encoding encoding) => encoding is Encoding.Q8_0 or Encoding.Q4_0 or Encoding.Q4_K or Encoding.Q6_K;

    static void Formats()
    {
        using GpuDevice device = EmulatedDevice.Create();
        foreach (Encoding encoding in encodings)
        {
            using var memory = new Workspace(device);
            var c = new MatMulCase(encoding, 2, encoding.BlockLength() == 1 ? 45 : Math.Max(64, encoding.BlockLength()), 3);
            var data = new MatMulData(c, 5);
            Weight weight = data.Matrix(memory);
            Tensor y = memory.New(c.Rows, c.Outputs);
            device.MatMul(memory.Floats(data.X, c.Rows, c.Inputs), new Projection(weight, y));
            (double[] exact, double[] tolerance) = data.Result(roundedInputs: AsBytes(encoding));
            Numbers.AssertNear(exact, memory.Read(y), i => tolerance[i], encoding.ToString());

            Tensor rows = memory.New(2, c.Inputs);
            device.Embed(memory.Integers(2, 3), weight.Values, rows);
            float[] embedded = memory.Read(rows);
            // Equal but for the sign of 0, which the codec's scale · q + offset does not keep.
            Numbers.AssertNear(Numbers.Doubles(data.Weights.AsSpan(2 * c.Inputs, c.Inputs)), embedded.AsSpan(0, c.Inputs), _ => 0, $"row 2 of {encoding}");
            Assert.All(embedded[c.Inputs..], value => Assert.True(float.IsNaN(value)));
        }
    }

    static void Variants()
    {
        using GpuDevice device = EmulatedDevice.Create(groupThreads: 64);
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.F16, Encoding.BF16, Encoding.F8E4M3])
        {
            using var memory = new Workspace(device);
            var c = new MatMulCase(encoding, 2, 40, 5, InputMajor: true);
            var data = new MatMulData(c, 6);
            float[] scales = Numbers.Normal(1, 5), bias = Numbers.Normal(2, 5), before = Numbers.Normal(3, 10);
            Weight weight = data.Matrix(memory) with { Scales = memory.Floats(scales, 1, 5) };
            Tensor x = memory.Floats(data.X, 2, 40), y = memory.Floats(before, 2, 5), plain = memory.New(2, 5);
            device.MatMul(x, new Projection(weight, y, Add: true, memory.Floats(bias, 1, 5)), new Projection(weight, plain));
            (double[] product, double[] tolerance) = data.Result(roundedInputs: false);
            double[] scaled = [.. product.Select((p, i) => p * scales[i % 5])], sum = [.. scaled.Select((p, i) => p + bias[i % 5] + before[i])];
            double Near(int i) => Math.Abs(scales[i % 5]) * tolerance[i] + 4 * Tolerance.Float * (Math.Abs(scaled[i]) + Math.Abs(bias[i % 5]) + Math.Abs(before[i]));
            Numbers.AssertNear(scaled, memory.Read(plain), Near, $"{encoding}, scaled");
            Numbers.AssertNear(sum, memory.Read(y), Near, $"{encoding}, added");
        }
    }

    static void Experts()
    {
        using GpuDevice device = EmulatedDevice.Create();
        using var memory = new Workspace(device);
        int[] choices = [1, 2, 0, 1, 3, -1]; // 3 and −1 are no experts: NaN
        var shape = new MatMulCase(Encoding.Q8_0, choices.Length, 64, 2);
        float[] x = Numbers.Normal(1, choices.Length * 64);
        MatMulData[] data = [.. Enumerable.Range(0, 3).Select(e => new MatMulData(shape, 10 + e, x))];
        (double[] Exact, double[] Tolerance)[] results = [.. data.Select(d => d.Result(roundedInputs: true))];
        Weight[] weights = [.. data.Select(d => d.Matrix(memory))];
        var route = new Route(memory.Integers(choices, 3, 2), memory.New(3, 2));
        Tensor y = memory.New(choices.Length, 2);
        for (int round = 0; round < 2; round++)
            device.ExpertMatMul(memory.Floats(x, choices.Length, 64), route, new ExpertProjection(weights, y));
        float[] actual = memory.Read(y);
        for (int i = 0; i < choices.Length; i++)
            for (int output = 0; output < 2; output++)
            {
                int expert = choices[i];
                bool known = expert is >= 0 and < 3;
                double exact = known ? results[expert].Exact[i * 2 + output] : double.NaN, tolerance = known ? results[expert].Tolerance[i * 2 + output] : 0;
                Numbers.AssertNear([exact], [actual[i * 2 + output]], _ => tolerance, $"row {i}");
            }
    }

    // Three matrices in one launch, one of them a part of another that begins inside of it; odd numbers of rows, outputs and items. One row is
    // 13 items for 10 warps: groups that prepare x themselves go on with further items.
    static void FewRows()
    {
        using GpuDevice device = EmulatedDevice.Create(groupThreads: 64);
        foreach ((Encoding encoding, int inputs) in ((Encoding, int)[])
            [(Encoding.F32, 528), (Encoding.F16, 528), (Encoding.BF16, 528), (Encoding.F8E4M3, 528),
             (Encoding.Q8_0, 1056), (Encoding.Q4_0, 1056), (Encoding.Q6_K, 1536), (Encoding.Q8_0, 1088), (Encoding.Q4_K, 1536)])
        {
            // Beyond 8 rows only F32 stays with these kernels.
            int most = encoding == Encoding.F32 ? 9 : 7;
            var data = new MatMulData(new MatMulCase(encoding, most, inputs, 9), 11);
            (double[] exact, double[] tolerance) = data.Result(AsBytes(encoding));
            using var memory = new Workspace(device);
            Weight whole = data.Matrix(memory), part = new(whole.Values.RowRange(1, 5));
            Tensor x = memory.Floats(data.X, most, inputs);
            float[] all = [];
            foreach (int rows in (int[])[most, 1, 2, 3])
            {
                Tensor first = memory.New(rows, 9), second = memory.New(rows, 5), third = memory.New(rows, 9);
                device.MatMul(x.RowRange(0, rows), new(whole, first), new(part, second), new(whole, third));
                float[] y = memory.Read(first), parts = memory.Read(second);
                Numbers.AssertNear(exact.AsSpan(0, rows * 9), y, i => tolerance[i], $"{encoding}, {rows} rows");
                Numbers.AssertSameBits(y, memory.Read(third), $"{encoding}, {rows} rows, again");
                for (int row = 0; row < rows; row++)
                    Numbers.AssertSameBits(y.AsSpan(row * 9 + 1, 5), parts.AsSpan(row * 5, 5), $"{encoding}, {rows} rows, part");
                // Tensor cores add up in another order; they take three rows and more, of these formats in steps of 64 columns.
                bool otherOrder = rows < 3 && inputs % 64 == 0 && encoding is (Encoding.Q8_0 or Encoding.Q4_K);
                if (rows == most) all = y;
                else if (otherOrder) continue;
                else Numbers.AssertSameBits(all.AsSpan(0, rows * 9), y, $"{encoding}, {rows} rows as they are among {most}");
            }
        }
    }

    static void ExactInputs()
    {
        using GpuDevice device = EmulatedDevice.Create(activations: ActivationPrecision.Float32);
        foreach (Encoding encoding in encodings.Where(AsBytes))
        {
            using var memory = new Workspace(device);
            var data = new MatMulData(new MatMulCase(encoding, 2, 256, 3), 12);
            Tensor y = memory.New(2, 3);
            device.MatMul(memory.Floats(data.X, 2, 256), new Projection(data.Matrix(memory), y));
            (double[] exact, double[] tolerance) = data.Result(roundedInputs: false);
            Numbers.AssertNear(exact, memory.Read(y), i => tolerance[i], encoding.ToString());
        }
    }

    // Every format with a tile for few threads; inputs, rows and outputs are not multiples of anything that tiles count in.
    static void ManyRows()
    {
        using GpuDevice device = EmulatedDevice.Create();
        foreach (Encoding encoding in encodings.Where(e => e != Encoding.F32))
            CheckManyRows(device, new MatMulCase(encoding, encoding is Encoding.Q4_K or Encoding.Q8_0 ? 35 : 19, encoding.BlockLength() switch { 1 => 136, 32 => 96, _ => 256 }, 35));
        foreach (Encoding encoding in (Encoding[])[Encoding.F16, Encoding.F8E4M3])
            CheckManyRows(device, new MatMulCase(encoding, 9, 45, 33, InputMajor: true));
    }

    // The tiles of a real device: up to 64 rows the small one, then the large one.
    static void LargeTiles()
    {
        using GpuDevice device = EmulatedDevice.Create(GpuDevice.GroupThreads);
        foreach ((Encoding encoding, int rows) in ((Encoding, int)[])[(Encoding.Q8_0, 33), (Encoding.BF16, 70), (Encoding.Q4_0, 130)])
            CheckManyRows(device, new MatMulCase(encoding, rows, 96, 67));
    }

    static void CheckManyRows(GpuDevice device, MatMulCase shape)
    {
        var data = new MatMulData(shape, 13);
        double[] tolerance = data.Result(InputRounding.BFloats).Tolerance;
        AssertNear(device, data, i => tolerance[i]);
    }

    static void ManyExpertRows()
    {
        using GpuDevice device = EmulatedDevice.Create();
        foreach (Encoding encoding in (Encoding[])[Encoding.Q4_0, Encoding.Q5_0])
        {
            using var memory = new Workspace(device);
            // Expert 0 has more rows than a tile, expert 2 has none, 4 and −1 are no experts.
            int[] choices = [.. Enumerable.Range(0, 50).Select(i => i % 7 == 3 ? 1 : i % 11 == 5 ? 3 : i == 20 ? 4 : i == 40 ? -1 : 0)];
            float[] x = Numbers.Normal(1, choices.Length * 64);
            var shape = new MatMulCase(encoding, choices.Length, 64, 5);
            MatMulData[] data = [.. Enumerable.Range(0, 4).Select(e => new MatMulData(shape, 20 + e, x))];
            (double[] Exact, double[] Tolerance)[] results = [.. data.Select(d => d.Result(InputRounding.BFloats))];
            Weight[] weights = [.. data.Select(d => d.Matrix(memory))];
            var route = new Route(memory.Integers(choices, choices.Length, 1), memory.New(choices.Length, 1));
            Tensor y = memory.New(choices.Length, 5), again = memory.New(choices.Length, 5);
            device.ExpertMatMul(memory.Floats(x, choices.Length, 64), route, new(weights, y), new(weights, again));
            float[] actual = memory.Read(y);
            Numbers.AssertNear(
                [.. actual.Select((_, i) => choices[i / 5] is >= 0 and < 4 and int expert ? results[expert].Exact[i] : double.NaN)],
                actual, i => results[choices[i / 5]].Tolerance[i], encoding.ToString());
            Numbers.AssertSameBits(actual, memory.Read(again), $"{encoding}, again");
        }
    }

    // Whole numbers up to 127, the largest in each group, are bytes exactly, and bfloat16 as well: what is left is float rounding. Any bits as weights.
    static void WholeInputs()
    {
        using GpuDevice device = EmulatedDevice.Create();
        foreach (Encoding encoding in encodings.Where(AsBytes))
            // Of two formats tensor cores take blocks of eight rows: one, two, and four of which one is missing.
            foreach (int rows in encoding is Encoding.Q4_K or Encoding.Q8_0 ? (int[])[1, 2, 7, 12, 23] : [1, 2, 7])
            {
                var shape = new MatMulCase(encoding, rows, 512, 5);
                var data = new MatMulData(shape, FormatCases.AnyBits(encoding, 5 * 512 / encoding.BlockLength(), 5), Kernels.MatMulTests.WholeNumbers(shape, rows));
                double perRow = 127 * 512 * data.Weights.Max(Math.Abs);
                AssertNear(device, data, _ => Tolerance.Dot(512 / 16 + 16, 9 * perRow));
            }
        var many = new MatMulCase(Encoding.BF16, 19, 136, 35);
        var floats = new MatMulData(many, 14, Kernels.MatMulTests.WholeNumbers(many, 14));
        double[] tolerance = floats.Result(InputRounding.None).Tolerance;
        AssertNear(device, floats, i => tolerance[i]);
    }

    static void AssertNear(GpuDevice device, MatMulData data, Func<int, double> tolerance)
    {
        using var memory = new Workspace(device);
        Tensor y = memory.New(data.Case.Rows, data.Case.Outputs);
        device.MatMul(memory.Floats(data.X, data.Case.Rows, data.Case.Inputs), new Projection(data.Matrix(memory), y));
        Numbers.AssertNear(data.Result(InputRounding.None).Exact, memory.Read(y), tolerance, $"{data.Case}");
    }
}
