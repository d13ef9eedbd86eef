using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Llama4.Tests.Kernels.Formats;

namespace Llama4.Tests.Kernels;

/// <summary>Embed decodes rows exactly.</summary>
public sealed class EmbedTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory, MemberData(nameof(Names))]
    public void Rows_are_decoded_exactly_in_every_format(string name)
    {
        Device device = Devices.Get(name);
        foreach (Encoding encoding in FormatCases.All)
            foreach (int columns in (int[])[MatMulCases.Inputs(encoding)[1], MatMulCases.Inputs(encoding)[^1]])
            {
                const int Words = 9;
                byte[] bytes = FormatCases.AnyBits(encoding, Words * columns / encoding.BlockLength(), 1);
                var decoded = new float[Words * columns];
                FormatCodec.Decode(encoding, bytes, decoded);
                int[] rows = [8, 0, 3, 3, .. Enumerable.Range(0, 20).Select(i => i % Words)];
                using var memory = new Workspace(device);
                Tensor table = memory.New(Words, columns, encoding), y = memory.New(rows.Length, columns);
                device.Upload<byte>(bytes, table);
                device.Embed(memory.Integers(rows), table, y);
                Numbers.AssertSameBits([.. rows.SelectMany(r => decoded[(r * columns)..((r + 1) * columns)])], memory.Read(y), $"{encoding}, {columns} columns");
            }
    }

    [Theory, MemberData(nameof(Names))]
    public void Rows_outside_and_wrong_shapes_are_refused(string name)
    {
        Device device = Devices.Get(name);
        using var memory = new Workspace(device);
        Tensor table = memory.New(4, 32, Encoding.Q8_0), y = memory.New(2, 32);
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Embed(memory.Integers(0, 4), table, y));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Embed(memory.Integers(-1, 0), table, y));
        Assert.Throws<ArgumentException>(() => device.Embed(memory.Integers(0, 1, 2), table, y));
        Assert.Throws<ArgumentException>(() => device.Embed(memory.Integers(0, 1), memory.New(4, 64, Encoding.Q8_0), y));
        Assert.Throws<ArgumentException>(() => device.Embed(memory.Integers(0, 1), memory.New(4, 32, Encoding.I32), y));
    }
}
