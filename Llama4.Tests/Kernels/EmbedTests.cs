using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Llama4.Tests.Kernels.Formats;

namespace Llama4.Tests.Kernels;

/// <summary>Embed decodes rows exactly.</summary>
public sealed class EmbedTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory, MemberData(nameof(Names))]
    public void Rows_are_decoded_exactly_in_every_format(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        foreach (Encoding encoding in FormatCases.All)
            foreach (int columns in test.Cases([MatMulCases.Inputs(encoding)[1], MatMulCases.Inputs(encoding)[^1]], encoding.BlockLength() == 1 ? 7 : encoding.BlockLength()))
            {
                const int Words = 9;
                byte[] bytes = FormatCases.AnyBits(encoding, Words * columns / encoding.BlockLength(), 1);
                var decoded = new float[Words * columns];
                FormatCodec.Decode(encoding, bytes, decoded);
                int[] rows = test.IsEmulated ? [8, 0] : [8, 0, 3, 3, .. Enumerable.Range(0, 20).Select(i => i % Words)];
                using var memory = new Workspace(device);
                Tensor table = memory.New(Words, columns, encoding), y = memory.New(rows.Length, columns);
                device.Upload<byte>(bytes, table);
                device.Embed(memory.Integers(rows), table, y);
                AssertRows(test, [.. rows.SelectMany(r => decoded[(r * columns)..((r + 1) * columns)])], memory.Read(y), $"{encoding}, {columns} columns");
            }
    });

    [Theory, MemberData(nameof(Names))]
    public void Rows_outside_and_wrong_shapes_are_refused(string name) => Devices.Check(name, static test =>
    {
        Device device = test.Device;
        using var memory = new Workspace(device);
        Tensor table = memory.New(4, 32, Encoding.Q8_0), y = memory.New(2, 32);
        if (test.IsCpu)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Embed(memory.Integers(0, 4), table, y));
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Embed(memory.Integers(-1, 0), table, y));
        }
        else
        {
            // A kernel cannot throw.
            device.Embed(memory.Integers(4, -1), table, y);
            Assert.All(memory.Read(y), value => Assert.True(float.IsNaN(value)));
        }
        Assert.Throws<ArgumentException>(() => device.Embed(memory.Integers(0, 1, 2), table, y));
        Assert.Throws<ArgumentException>(() => device.Embed(memory.Integers(0, 1), memory.New(4, 64, Encoding.Q8_0), y));
        Assert.Throws<ArgumentException>(() => device.Embed(memory.Integers(0, 1), memory.New(4, 32, Encoding.I32), y));
    });

    static void AssertRows(TestDevice test, float[] expected, float[] actual, string what)
    {
        // A GPU may contract scale · q − minimum, which spares the rounding of a product not much larger than the largest number; and 0 has no sign.
        double largest = expected.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();
        if (test.IsCpu) Numbers.AssertSameBits(expected, actual, what);
        else Numbers.AssertNear(Numbers.Doubles(expected), actual, _ => 4 * Tolerance.Float * largest, what);
    }
}
