using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Kernels.Formats;

namespace Llama4.Tests.Kernels;

/// <summary>MatMul in every format, with inputs as floats and as bytes.</summary>
public sealed class MatMulTests
{
    static readonly Lazy<Device> floats = New(2, ActivationPrecision.Float32), bytes = New(2, ActivationPrecision.Int8);

    static readonly Encoding[] single = [.. FormatCases.All.Where(e => e.BlockLength() == 1)];

    public static TheoryData<Encoding> All => [.. FormatCases.All];

    public static TheoryData<Encoding> Quantised => [.. FormatCases.Quantised];

    public static TheoryData<Encoding> Single => [.. single];

    [Theory, MemberData(nameof(All))]
    public void Products_with_float_inputs_are_exact_within_rounding(Encoding encoding)
    {
        foreach (MatMulCase c in MatMulCases.Of(encoding)) AssertNear(new MatMulData(c, 1), floats.Value, roundedInputs: false);
    }

    [Theory, MemberData(nameof(Quantised))]
    public void Products_with_byte_inputs_are_exact_within_the_inputs_rounding(Encoding encoding)
    {
        foreach (MatMulCase c in MatMulCases.Of(encoding)) AssertNear(new MatMulData(c, 2), bytes.Value, roundedInputs: true);
    }

    [Theory, MemberData(nameof(Single))]
    public void Input_major_products_are_exact_within_rounding(Encoding encoding)
    {
        foreach (MatMulCase c in MatMulCases.Of(encoding, inputMajor: true)) AssertNear(new MatMulData(c, 3), floats.Value, roundedInputs: false);
    }

    /// <summary>Whole numbers up to 127, the largest in each group, are bytes exactly: what is left is float rounding. Any bits as weights.</summary>
    [Theory, MemberData(nameof(Quantised))]
    public void Whole_inputs_lose_nothing(Encoding encoding)
    {
        foreach (int rows in (int[])[1, 4, 33])
        {
            var c = new MatMulCase(encoding, rows, 1024, 9);
            byte[] weights = FormatCases.AnyBits(encoding, c.Outputs * c.Inputs / encoding.BlockLength(), 5);
            AssertExactInputs(new MatMulData(c, weights, WholeNumbers(c, rows)));
        }
    }

    /// <summary>All integers at an end of their range and all inputs at ±127: the 16-bit sums are as large as they can be.</summary>
    /// <summary>Formats of less than a byte that have columns, at any number of rows and where a tile of outputs ends early.</summary>
    [Theory, MemberData(nameof(Quantised))]
    public void Repacked_weights_give_the_same_bits(Encoding encoding)
    {
        bool canBeRepacked = encoding is Encoding.Q4_0 or Encoding.Q4_K or Encoding.Q5_K or Encoding.Q6_K;
        foreach (int rows in (int[])[1, 2, 5, 38])
            foreach (int outputs in (int[])[8, 40])
            {
                using var memory = new Workspace(bytes.Value);
                var c = new MatMulCase(encoding, rows, 768, outputs);
                var data = new MatMulData(c, FormatCases.AnyBits(encoding, c.Outputs * c.Inputs / encoding.BlockLength(), 7), Numbers.Normal(8, rows * 768, 3));
                Weight plain = data.Matrix(memory);
                Weight? repacked = bytes.Value.TryRepack(plain);
                Assert.Equal(canBeRepacked, repacked is not null);
                if (repacked is null) continue;
                using (repacked.Values.Buffer)
                    Numbers.AssertSameBits(Product(memory, data, plain), Product(memory, data, repacked), $"{c} repacked");
            }
    }

    /// <summary>Eight rows of 256 numbers are a unit: other sizes stay as they are.</summary>
    [Theory]
    [InlineData(12, 256), InlineData(7, 256)]
    public void Sizes_that_do_not_divide_are_not_repacked(int outputs, int inputs) =>
        Assert.Null(bytes.Value.TryRepack(new Weight(bytes.Value.Allocate(outputs, inputs, Encoding.Q4_K))));

    static float[] Product(Workspace memory, MatMulData data, Weight weight)
    {
        Tensor x = memory.New(data.Case.Rows, data.Case.Inputs), y = memory.New(data.Case.Rows, data.Case.Outputs);
        memory.Device.Upload<float>(data.X, x);
        memory.Device.MatMul(x, new Projection(weight, y));
        var result = new float[data.Case.Rows * data.Case.Outputs];
        memory.Device.Download(y, result.AsSpan());
        return result;
    }

    [Theory, MemberData(nameof(Quantised))]
    public void Extreme_integers_do_not_overflow(Encoding encoding)
    {
        foreach (byte pattern in (byte[])[0x00, 0x7F, 0x80, 0xFF])
            foreach (int sign in (int[])[1, -1])
                foreach (int rows in (int[])[1, 5])
                {
                    var c = new MatMulCase(encoding, rows, 512, 3);
                    byte[] weights = FormatCases.AnyBits(encoding, c.Outputs * c.Inputs / encoding.BlockLength(), 6, pattern);
                    float[] x = new float[rows * c.Inputs];
                    Array.Fill(x, 127 * sign);
                    AssertExactInputs(new MatMulData(c, weights, x));
                }
    }

    [Theory, MemberData(nameof(All))]
    public void Rows_do_not_depend_on_the_batch_or_the_threads(Encoding encoding)
    {
        using Device one = New(1, ActivationPrecision.Int8).Value, three = New(3, ActivationPrecision.Int8).Value;
        bool[] orders = encoding.BlockLength() == 1 ? [false, true] : [false];
        foreach (bool inputMajor in orders)
            foreach ((int inputs, int outputs) in ((int, int)[])[(MatMulCases.Inputs(encoding)[^1], 67), (encoding.BlockLength() == 1 ? 515 : 256, 300)])
            {
                var all = new MatMulData(new(encoding, 38, inputs, outputs, inputMajor), 7);
                float[] expected = Run(all, bytes.Value);
                Numbers.AssertSameBits(expected, Run(all, one), $"{all.Case}: 1 thread beside 2");
                Numbers.AssertSameBits(expected, Run(all, three), $"{all.Case}: 3 threads beside 2");
                for (int from = 0, rows = 1; from < 38; from += rows, rows = Math.Min(38 - from, rows % 5 + 1))
                    Numbers.AssertSameBits(
                        expected.AsSpan(from * outputs, rows * outputs), Run(all, bytes.Value, from, rows), $"{all.Case}: rows {from} to {from + rows} alone");
            }
    }

    [Theory]
    [InlineData(Encoding.Q4_K)]
    [InlineData(Encoding.BF16)]
    public void More_rows_than_are_taken_at_a_time_equal_fewer(Encoding encoding)
    {
        var all = new MatMulData(new(encoding, 2 * MatMulInput.MaxRows + 3, 256, 5), 8);
        float[] expected = Run(all, bytes.Value);
        foreach (int from in (int[])[0, MatMulInput.MaxRows - 1, MatMulInput.MaxRows, 2 * MatMulInput.MaxRows - 1, 2 * MatMulInput.MaxRows])
            Numbers.AssertSameBits(expected.AsSpan(from * 5, 15), Run(all, bytes.Value, from, 3), $"{all.Case}: rows from {from}");
    }

    /// <summary>So many inputs and outputs that a thread goes panel by panel through a group of outputs, and so few rows that it does not.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_large_matrix_gives_the_same_bits_for_many_and_for_few_rows(bool inputMajor)
    {
        using Device one = New(1, ActivationPrecision.Int8).Value;
        const int Rows = 39, Outputs = 1603;
        var all = new MatMulData(new(Encoding.BF16, Rows, 3601, Outputs, inputMajor), 14);
        float[] expected = Run(all, one);
        for (int from = 0, rows = 1; from < Rows; from += rows, rows = Math.Min(Rows - from, rows + 3))
            Numbers.AssertSameBits(expected.AsSpan(from * Outputs, rows * Outputs), Run(all, one, from, rows), $"{all.Case}: rows {from} to {from + rows} alone");
    }

    [Theory, MemberData(nameof(All))]
    public void Scales_bias_and_addition_come_after_the_sum(Encoding encoding)
    {
        foreach (bool inputMajor in encoding.BlockLength() == 1 ? (bool[])[false, true] : [false])
            foreach (int rows in (int[])[1, 6])
            {
                var data = new MatMulData(new(encoding, rows, 256, 19, inputMajor), 9);
                float[] sums = Run(data, bytes.Value), scales = Numbers.Normal(10, 19), bias = Numbers.Normal(11, 19), before = Numbers.Normal(12, rows * 19);
                using var memory = new Workspace(bytes.Value);
                Weight plain = data.Matrix(memory), scaled = plain with { Scales = memory.Floats(scales, 1, 19) };
                Tensor x = memory.Floats(data.X, rows, 256), b = memory.Floats(bias, 1, 19);
                Tensor y0 = memory.Floats(before, rows, 19), y1 = memory.Floats(before, rows, 19), y2 = memory.Floats(before, rows, 19);
                bytes.Value.MatMul(x, new Projection(scaled, y0, Add: true, Bias: b), new Projection(plain, y1, Bias: b), new Projection(scaled, y2));
                Numbers.AssertSameBits([.. sums.Select((s, i) => before[i] + (s * scales[i % 19] + bias[i % 19]))], memory.Read(y0), $"{data.Case}: all");
                Numbers.AssertSameBits([.. sums.Select((s, i) => s + bias[i % 19])], memory.Read(y1), $"{data.Case}: bias");
                Numbers.AssertSameBits([.. sums.Select((s, i) => s * scales[i % 19])], memory.Read(y2), $"{data.Case}: scales");
            }
    }

    /// <summary>Fused weights are used in part: rows of a matrix, or columns of an input-major one.</summary>
    [Theory, MemberData(nameof(Single))]
    public void Parts_of_a_matrix_are_used_where_they_lie(Encoding encoding)
    {
        var data = new MatMulData(new(encoding, 5, 40, 60, InputMajor: true), 13);
        float[] expected = Run(data, floats.Value);
        using var memory = new Workspace(floats.Value);
        Weight whole = data.Matrix(memory);
        Tensor x = memory.Floats(data.X, 5, 40), first = memory.New(5, 29), second = memory.New(5, 31);
        floats.Value.MatMul(x,
            new Projection(new(whole.Values.ColumnRange(0, 29), InputMajor: true), first), new Projection(new(whole.Values.ColumnRange(29, 31), InputMajor: true), second));
        float[] left = memory.Read(first), right = memory.Read(second);
        for (int row = 0; row < 5; row++)
            Numbers.AssertSameBits(expected.AsSpan(row * 60, 60), [.. left[(row * 29)..(row * 29 + 29)], .. right[(row * 31)..(row * 31 + 31)]], $"{encoding} row {row}");
    }

    [Theory, MemberData(nameof(All))]
    public void A_row_that_is_not_finite_leaves_the_others_alone(Encoding encoding)
    {
        foreach (float poison in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            foreach (int rows in (int[])[2, 6])
            {
                var clean = new MatMulData(new(encoding, rows, 512, 9), 14);
                float[] expected = Run(clean, bytes.Value);
                clean.X[512 + 300] = poison;
                float[] got = Run(clean, bytes.Value);
                for (int i = 0; i < got.Length; i++)
                    if (i / 9 == 1) Assert.False(float.IsFinite(got[i]), $"{clean.Case}: output {i % 9} of the row with {poison} is {got[i]}");
                    else Assert.Equal(expected[i], got[i]);
            }
    }

    [Theory]
    [InlineData(Encoding.F32), InlineData(Encoding.F16), InlineData(Encoding.BF16)]
    public void Weights_that_are_not_finite_show(Encoding encoding)
    {
        foreach (bool inputMajor in (bool[])[false, true])
            foreach (int rows in (int[])[1, 4])
            {
                var c = new MatMulCase(encoding, rows, 20, 20, inputMajor);
                float[] weights = Numbers.Normal(15, 400);
                weights[3 * 20 + 3] = float.NaN;
                weights[5 * 20 + 5] = float.PositiveInfinity;
                weights[19 * 20 + 19] = float.NegativeInfinity;
                var encoded = new byte[400 * encoding.BlockBytes()];
                Llama4.Kernels.Formats.FormatCodec.Encode(encoding, weights, encoded);
                var ones = new float[rows * 20];
                Array.Fill(ones, 1);
                float[] y = Run(new MatMulData(c, encoded, ones), floats.Value);
                for (int i = 0; i < y.Length; i++)
                    Assert.Equal((i % 20) switch { 3 => float.NaN, 5 => float.PositiveInfinity, 19 => float.NegativeInfinity, _ => 0 }, float.IsFinite(y[i]) ? 0 : y[i]);
            }
    }

    [Theory, MemberData(nameof(Quantised))]
    public void Zero_and_tiny_inputs_give_zeros(Encoding encoding)
    {
        foreach (float level in (float[])[0, -0f, 1e-40f, 1e-35f])
        {
            var data = new MatMulData(new(encoding, 3, 256, 5), 16);
            Array.Fill(data.X, level);
            foreach (float y in Run(data, bytes.Value)) Assert.InRange(Math.Abs(y), 0, 256 * level);
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Device device = bytes.Value;
        using var memory = new Workspace(device);
        Tensor x = memory.New(2, 32), y = memory.New(2, 5);
        var weight = new Weight(memory.New(5, 32, Encoding.Q8_0));
        device.MatMul(x, new Projection(weight, y));
        device.MatMul(memory.New(0, 32), new Projection(weight, memory.New(0, 5)));
        Assert.Throws<ArgumentException>(() => device.MatMul(memory.New(2, 64), new Projection(weight, y)));
        Assert.Throws<ArgumentException>(() => device.MatMul(x, new Projection(weight, memory.New(2, 6))));
        Assert.Throws<ArgumentException>(() => device.MatMul(x, new Projection(weight, memory.New(1, 5))));
        Assert.Throws<ArgumentException>(() => device.MatMul(x, new Projection(weight, y, Bias: memory.New(1, 6))));
        Assert.Throws<ArgumentException>(() => device.MatMul(x, new Projection(weight with { Scales = memory.New(1, 4) }, y)));
        Assert.Throws<ArgumentException>(() => device.MatMul(x, new Projection(new(memory.New(5, 32, Encoding.I32)), y)));
        Assert.Throws<ArgumentException>(() => device.MatMul(x, new Projection(new(memory.New(32, 32, Encoding.Q8_0), InputMajor: true), memory.New(2, 32))));
    }

    [Fact]
    public void Nothing_is_allocated_once_the_sizes_have_been_seen()
    {
        using Device device = New(1, ActivationPrecision.Int8).Value;
        var data = new MatMulData(new(Encoding.Q4_K, 5, 256, 40), 17);
        using var memory = new Workspace(device);
        Weight weight = data.Matrix(memory);
        Tensor x = memory.Floats(data.X, 5, 256), y = memory.New(5, 40), one = memory.New(1, 40);
        void Step()
        {
            device.MatMul(x, new Projection(weight, y));
            device.MatMul(x.RowRange(2, 1), new Projection(weight, one));
        }
        Step();
        Allocations.AssertNone(() =>
        {
            for (int i = 0; i < 10; i++) Step();
        });
    }

    static Lazy<Device> New(int threads, ActivationPrecision activations) =>
        new(() => new CpuDevice(new CpuOptions { Threads = threads, Activations = activations }));

    internal static float[] WholeNumbers(MatMulCase c, int seed)
    {
        var random = new Random(seed);
        var x = new float[c.Rows * c.Inputs];
        for (int i = 0; i < x.Length; i++) x[i] = i % 32 == 7 ? 127 : random.Next(-127, 128);
        return x;
    }

    static float[] Run(MatMulData data, Device device) => Run(data, device, 0, data.Case.Rows);

    static float[] Run(MatMulData data, Device device, int from, int rows)
    {
        using var memory = new Workspace(device);
        Tensor x = memory.Floats(data.X.AsSpan(from * data.Case.Inputs, rows * data.Case.Inputs), rows, data.Case.Inputs);
        Tensor y = memory.New(rows, data.Case.Outputs);
        device.MatMul(x, new Projection(data.Matrix(memory), y));
        return memory.Read(y);
    }

    static void AssertNear(MatMulData data, Device device, bool roundedInputs)
    {
        (double[] exact, double[] tolerance) = data.Result(roundedInputs);
        Numbers.AssertNear(exact, Run(data, device), i => tolerance[i], $"{data.Case}");
    }

    /// <summary>Inputs that are bytes exactly: any bits as weights, so offsets are bounded by the largest weight of the matrix.</summary>
    static void AssertExactInputs(MatMulData data)
    {
        (double[] exact, _) = data.Result(roundedInputs: false);
        double largest = data.Weights.Max(Math.Abs), perRow = 127 * data.Case.Inputs * largest;
        Numbers.AssertNear(exact, Run(data, bytes.Value), _ => Tolerance.Dot(data.Case.Inputs / 16 + 16, 9 * perRow), $"{data.Case}");
    }
}
