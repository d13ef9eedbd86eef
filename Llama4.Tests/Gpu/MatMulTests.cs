using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Llama4.Tests.Kernels;
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
            (double[] exact, double[] tolerance) = data.Result(roundedInputs: false);
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
        var data = Enumerable.Range(0, 3).Select(e => new MatMulData(new MatMulCase(Encoding.Q8_0, choices.Length, 64, 2), 10 + e)).ToArray();
        float[] x = data[0].X;
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
                double exact = double.NaN, size = 0;
                if (expert is >= 0 and < 3)
                {
                    exact = Enumerable.Range(0, 64).Sum(k => data[expert].Weight(output, k) * x[i * 64 + k]);
                    size = Enumerable.Range(0, 64).Sum(k => Math.Abs(data[expert].Weight(output, k) * x[i * 64 + k]));
                }
                Numbers.AssertNear([exact], [actual[i * 2 + output]], _ => Tolerance.Dot(64, size), $"row {i}");
            }
    }
}
