using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Llama4.Core.Formats;
using Llama4.Kernels;
using Llama4.Kernels.Formats;

namespace Llama4.Tests.Kernels.Formats;

public class FormatTests
{
    public static TheoryData<Encoding> All => [.. FormatCases.All];

    public static TheoryData<Encoding> Blocks => [.. FormatCases.Quantised];

    [Theory, MemberData(nameof(All))]
    public void Sizes_are_those_of_the_files(Encoding encoding)
    {
        (int length, int bytes) = FormatSwitch.Call<Sizes, (int, int)>(encoding, default);
        Assert.Equal(encoding.BlockLength(), length);
        Assert.Equal(encoding.BlockBytes(), bytes);
    }

    [Theory, MemberData(nameof(All))]
    public void Encoding_loses_no_more_than_the_step(Encoding encoding)
    {
        float[] values = FormatCases.Normal(4096, 1, 0.02);
        float[] decoded = RoundTrip(encoding, values);
        double error = Tolerance.RelativeRms(decoded, values), bound = FormatCases.EncodeError(encoding);
        Assert.True(error <= bound, $"{encoding}: relative RMS {error:g3}, bound {bound}");
    }

    [Theory, MemberData(nameof(Blocks))]
    public void Encoding_what_was_decoded_changes_little(Encoding encoding)
    {
        float[] once = RoundTrip(encoding, FormatCases.Normal(4096, 2));
        double error = Tolerance.RelativeRms(RoundTrip(encoding, once), once), bound = FormatCases.EncodeError(encoding);
        Assert.True(error <= bound, $"{encoding}: relative RMS {error:g3}, bound {bound}");
    }

    [Theory, MemberData(nameof(Blocks))]
    public void Zeros_constants_tiny_and_huge_numbers_stay_finite_and_near(Encoding encoding)
    {
        foreach (float level in (float[])[0, 1, -1, 1e-30f, 1e-42f, -3e3f, 6e4f])
        {
            float[] values = new float[encoding.BlockLength()];
            Array.Fill(values, level);
            // One step of the coarsest format, two bits over twice the level, plus what a half cannot hold.
            foreach (float value in RoundTrip(encoding, values)) Assert.InRange(value, level - Math.Abs(level) * 0.34f - 2e-6f, level + Math.Abs(level) * 0.34f + 2e-6f);
        }
        foreach (float value in RoundTrip(encoding, [.. FormatCases.Normal(encoding.BlockLength(), 3).Select(v => v * 1e36f)])) Assert.True(float.IsFinite(value));
    }

    /// <summary>Every exactly representable value of a small float comes back, and numbers between go to the nearer one, ties to even.</summary>
    [Theory]
    [InlineData(Encoding.F16)]
    [InlineData(Encoding.BF16)]
    [InlineData(Encoding.F8E4M3)]
    public void Small_floats_round_to_nearest_even(Encoding encoding)
    {
        int size = encoding.BlockBytes(), codes = size == 1 ? 0x7E : encoding == Encoding.F16 ? 0x7BFF : 0x7F7F;
        float Value(int code) => Decode(encoding, BitConverter.GetBytes(code).AsSpan(0, size), 1)[0];
        int Code(float value)
        {
            var bytes = new byte[4];
            FormatCodec.Encode(encoding, [value], bytes.AsSpan(0, size));
            return BitConverter.ToInt32(bytes);
        }
        int step = Math.Max(1, codes / 1000), sign = size == 1 ? 0x80 : 0x8000;
        for (int code = 0; code < codes; code += step)
        {
            float value = Value(code), next = Value(code + 1), middle = (float)(((double)value + next) / 2);
            Assert.True(next > value, $"{encoding} {code}: {value} {next}");
            Assert.Equal(code, Code(value));
            Assert.Equal(code + sign, Code(-value));
            Assert.Equal(code + (code & 1), Code(middle));
            Assert.Equal(code, Code(MathF.BitDecrement(middle)));
            Assert.Equal(code + 1, Code(MathF.BitIncrement(middle)));
        }
        Assert.True(float.IsNaN(RoundTrip(encoding, [float.NaN])[0]));
        Assert.Equal(encoding == Encoding.F8E4M3 ? 448 : float.PositiveInfinity, RoundTrip(encoding, [float.PositiveInfinity])[0]);
    }

    /// <summary>Known numbers of the published definitions: every code of the small floats and tables at its place.</summary>
    [Fact]
    public void Published_values_are_met()
    {
        Assert.Equal([0f, 0.001953125f, 0.013671875f, 0.015625f, 1f, 1.125f, 448f, -448f], Decode(Encoding.F8E4M3, [0, 1, 7, 8, 0x38, 0x39, 0x7E, 0xFE], 8));
        Assert.True(float.IsNaN(Decode(Encoding.F8E4M3, [0x7F], 1)[0]));
        Assert.Equal([5.9604645e-8f, 6.103515625e-5f, 1f, 65504f, float.PositiveInfinity], Decode(Encoding.F16, Bytes(0x0001, 0x0400, 0x3C00, 0x7BFF, 0x7C00), 5));

        var codes = new byte[16];
        for (int i = 0; i < 16; i++) codes[i] = (byte)(i | i << 4);
        float[] mx = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6];
        Assert.Equal([.. mx, .. mx], Decode(Encoding.MXFP4, [127, .. codes], 32));
        float[] nl = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
        Assert.Equal([.. nl, .. nl], Decode(Encoding.IQ4_NL, [0, 0x3C, .. codes], 32));
        Assert.All(Decode(Encoding.MXFP4, [255, .. codes], 32), value => Assert.True(float.IsNaN(value)));
    }

    /// <summary>Every code of a small float, with the sign of zero; of NaN only that it is one. In order and among codes of all kinds, four vectors and single ones.</summary>
    [Theory]
    [InlineData(Encoding.F16)]
    [InlineData(Encoding.BF16)]
    [InlineData(Encoding.F8E4M3)]
    public void Vectors_of_small_floats_equal_the_definition_for_every_code(Encoding encoding)
    {
        int size = encoding.BlockBytes(), codes = size == 1 ? 256 : 65536;
        foreach (int factor in new[] { 1, 167 }) // odd, so that every code comes once
        {
            byte[] bytes = [.. Enumerable.Range(0, codes).SelectMany(i => BitConverter.GetBytes(i * factor % codes).Take(size))];
            float[] expected = FormatSwitch.Call<Definition, float[]>(encoding, new Definition(bytes));
            foreach (int length in new[] { codes, 24 })
                for (int from = 0; from < codes; from += length)
                {
                    int count = Math.Min(length, codes - from);
                    float[] vectors = Decode(encoding, bytes.AsSpan(from * size, count * size), count);
                    for (int i = 0; i < count; i++)
                        Assert.True(
                            float.IsNaN(expected[from + i]) ? float.IsNaN(vectors[i]) : Bits.Of(expected[from + i]) == Bits.Of(vectors[i]),
                            $"{encoding} {(from + i) * factor % codes:x}: {vectors[i]} instead of {expected[from + i]}");
                }
        }
    }

    /// <summary>The vector code of the CPU gives every number of any bits exactly as the definition does, also in rows that end inside 256 numbers.</summary>
    [Theory, MemberData(nameof(All))]
    public void Decoding_rows_equals_the_definition_bit_for_bit(Encoding encoding)
    {
        byte[] bytes = FormatCases.AnyBits(encoding, 20 * 256 / encoding.BlockLength(), 4);
        float[] expected = FormatSwitch.Call<Definition, float[]>(encoding, new Definition(bytes));
        int step = Math.Max(encoding.BlockLength(), 32);
        for (int count = step; count <= expected.Length; count += count < 512 ? step : 512)
            Assert.Equal(expected[..count], Decode(encoding, bytes.AsSpan(0, (int)encoding.RowBytes(count)), count));
    }

    [Fact]
    public void What_cannot_be_encoded_is_refused()
    {
        Assert.Throws<ArgumentException>(() => FormatCodec.Encode(Encoding.Q4_K, [.. new float[255], float.NaN], new byte[144]));
        Assert.Throws<ArgumentException>(() => FormatCodec.Encode(Encoding.Q4_K, new float[255], new byte[144]));
        Assert.Throws<ArgumentException>(() => FormatCodec.Encode(Encoding.Q8_0, new float[32], new byte[33]));
        Assert.Throws<ArgumentException>(() => FormatCodec.Decode(Encoding.I32, new byte[4], new float[1]));
    }

    /// <summary>Files of one model in several formats, written by a standard quantiser: their tensors must agree within the coarser format's step.</summary>
    [Theory]
    [InlineData("BF16"), InlineData("Q8_0"), InlineData("Q4_0"), InlineData("Q4_1"), InlineData("Q5_0"), InlineData("Q5_1"), InlineData("Q2_K"), InlineData("Q3_K_M")]
    [InlineData("Q4_K_M"), InlineData("Q5_K_M"), InlineData("Q6_K"), InlineData("IQ4_NL"), InlineData("IQ4_XS"), InlineData("MXFP4_MOE")]
    public void Golden_files_decode_to_the_same_weights(string name)
    {
        IReadOnlyDictionary<string, (Encoding Encoding, float[] Values)> exact = Weights("F16"), rounded = Weights(name);
        Assert.Equal(exact.Keys.Order(), rounded.Keys.Order());
        foreach ((string tensor, (Encoding encoding, float[] values)) in rounded)
        {
            double error = Tolerance.RelativeRms(values, exact[tensor].Values);
            double bound = FormatCases.EncodeError(encoding) + FormatCases.EncodeError(Encoding.F16);
            Assert.True(error <= bound, $"{tensor}: {encoding} differs by relative RMS {error:g3}, bound {bound:g3}");
        }
    }

    static IReadOnlyDictionary<string, (Encoding, float[])> Weights(string name)
    {
        string path = TestData.Path("gguf", $"mini-{name}.gguf");
        byte[] file = File.ReadAllBytes(path);
        using var model = ModelFile.Open(path);
        return GgufFile.Read(model).Tensors.ToDictionary(t => t.Name, t => (t.Encoding, Decode(
            t.Encoding, file.AsSpan((int)t.Offset, (int)t.Bytes), (int)t.Dimensions.Aggregate(1L, (a, b) => a * b))));
    }

    static byte[] Bytes(params ushort[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    static float[] Decode(Encoding encoding, ReadOnlySpan<byte> bytes, int count)
    {
        var values = new float[count];
        FormatCodec.Decode(encoding, bytes, values);
        return values;
    }

    static float[] RoundTrip(Encoding encoding, float[] values)
    {
        var bytes = new byte[encoding.RowBytes(values.Length)];
        FormatCodec.Encode(encoding, values, bytes);
        return Decode(encoding, bytes, values.Length);
    }

    readonly struct Sizes : IFormatAction<(int, int)>
    {
        public (int, int) Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => (TFormat.Length, Unsafe.SizeOf<TBlock>());

        public (int, int) Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => (TFormat.Length, Unsafe.SizeOf<TBlock>());
    }

    readonly struct Definition(ReadOnlyMemory<byte> source) : IFormatAction<float[]>
    {
        public float[] Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => Decode<TFormat, TBlock>();

        public float[] Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => Decode<TFormat, TBlock>();

        float[] Decode<TFormat, TBlock>()
            where TFormat : struct, IFormat<TBlock>
            where TBlock : unmanaged
        {
            ReadOnlySpan<TBlock> blocks = MemoryMarshal.Cast<byte, TBlock>(source.Span);
            var values = new float[blocks.Length * TFormat.Length];
            for (int i = 0; i < values.Length; i++) values[i] = TFormat.Decode(in blocks[i / TFormat.Length], i % TFormat.Length);
            return values;
        }
    }
}
