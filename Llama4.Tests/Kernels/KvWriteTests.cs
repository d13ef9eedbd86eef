using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

public sealed class KvWriteTests
{
    public static TheoryData<string> Names => Devices.All;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_row_is_found_in_its_slot_and_nothing_else_changes(string name) => Devices.Check(name, static test =>
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.F32, Encoding.F16, Encoding.BF16, Encoding.Q8_0])
            foreach (int headDim in encoding == Encoding.Q8_0 ? test.Cases([32, 96], 64) : test.Cases([1, 8, 13, 64], 13))
                foreach ((int pageRows, int window) in test.Cases([(4, 0), (4, 10), (16, 16)], (4, 0), (4, 10)))
                {
                    using var memory = new Workspace(test.Device);
                    var cache = new TestCache(memory, headDim, [23, 9], 3, headDim, encoding, pageRows, window);
                    cache.Write(0, 0, 20);
                    cache.Write([(0, 20), (1, 0), (1, 1), (1, 2)]);
                    for (int sequence = 0; sequence < 2; sequence++)
                        for (int position = sequence == 0 && window > 0 ? 20 / window * window : 0; position <= (sequence == 0 ? 20 : 2); position++)
                            CheckEntry(cache, sequence, position);
                    cache.AssertNeighbourUntouched();
                    // The slot after the last written one still holds what was there.
                    if (window == 0) Assert.All(cache.Entry(0, 0, 21, keys: true), value => Assert.Equal(0xFF, value));
                }
    });

    [Theory]
    [InlineData(Encoding.F16)]
    [InlineData(Encoding.BF16)]
    public void Rounding_is_to_the_nearest_with_ties_to_even_for_every_kind_of_number(Encoding encoding)
    {
        // Every 509th float, and those around each half and their midpoints.
        var bits = new List<uint>();
        for (uint i = 0; i < uint.MaxValue - 509; i += 509 * 64) bits.Add(i);
        for (int half = 0; half < 65536; half += 7)
        {
            uint middle = BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)half));
            bits.AddRange([middle, middle + 1, middle - 1, middle + 0xFFF, middle + 0x1000, middle + 0x1001, middle + 0x7FFF, middle + 0x8000, middle + 0x8001]);
        }
        float[] numbers = [.. bits.Select(BitConverter.UInt32BitsToSingle)];
        using var memory = new Workspace(Devices.Get("CPU, 1 thread"));
        var cache = new TestCache(memory, 1, [1], 1, numbers.Length, encoding, 1, 0);
        numbers.CopyTo(cache.Keys[0], 0);
        cache.Write(0, 0, 1);
        byte[] entry = cache.Entry(0, 0, 0, keys: true);
        for (int i = 0; i < numbers.Length; i++)
        {
            ushort actual = BitConverter.ToUInt16(entry, 2 * i);
            if (float.IsNaN(numbers[i]))
            {
                Assert.True(float.IsNaN(encoding == Encoding.F16 ? (float)BitConverter.UInt16BitsToHalf(actual) : BitConverter.Int32BitsToSingle(actual << 16)));
                continue;
            }
            ushort expected = encoding == Encoding.F16
                ? BitConverter.HalfToUInt16Bits((Half)numbers[i])
                : (ushort)(((ulong)bits[i] + 0x7FFF + (bits[i] >> 16 & 1)) >> 16);
            if (actual != expected) Assert.Fail($"{numbers[i]:R}: {actual:X4}, expected {expected:X4}");
        }
    }

    [Fact]
    public void Broken_numbers_are_stored_as_such()
    {
        using var memory = new Workspace(Devices.Get("CPU, 1 thread"));
        var cache = new TestCache(memory, 1, [2], 1, 64, Encoding.Q8_0, 4, 0);
        cache.Keys[0][40] = float.NaN;
        cache.Values[0][3] = float.PositiveInfinity;
        cache.Keys[0].AsSpan(0, 32).Clear();
        cache.Write(0, 0, 1);
        double[] keys = cache.Stored(0, 0, 0, 0, keys: true), values = cache.Stored(0, 0, 0, 0, keys: false);
        Assert.All(keys[..32], value => Assert.Equal(0, value));
        Assert.All(keys[32..], value => Assert.True(double.IsNaN(value)));
        Assert.All(values[..32], value => Assert.False(double.IsFinite(value)));
        Assert.All(values[32..], value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        using var memory = new Workspace(Devices.Get("CPU, 2 threads"));
        var cache = new TestCache(memory, 1, [9, 9], 2, 8, Encoding.F32, 4, 6);
        var error = Assert.Throws<ArgumentException>(() => cache.Write([(0, 5), (0, 6)]));
        Assert.Contains("positions 5 and 6 lie in different windows of 6", error.Message);
        cache.Write([(0, 5), (1, 6)]);
        Device device = memory.Device;
        Tensor k = memory.New(1, 16);
        Assert.Throws<ArgumentException>(() => device.KvWrite(memory.New(1, 15), k, cache.Rows([(0, 0)]), cache.Pages, cache.Layer));
        Assert.Throws<ArgumentException>(() => device.KvWrite(k, k, cache.Rows([(0, 0), (0, 1)]), cache.Pages, cache.Layer));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.KvWrite(k, k, cache.Rows([(2, 0)]), cache.Pages, cache.Layer));
        Assert.Throws<ArgumentOutOfRangeException>(() => device.KvWrite(k, k, cache.Rows([(0, -1)]), cache.Pages, cache.Layer));
        Assert.Throws<ArgumentException>(() => device.KvWrite(k, k, cache.Rows([(0, 0)]), cache.Pages, cache.Layer with { Encoding = Encoding.Q8_0 }));
        Assert.Throws<ArgumentException>(() => device.KvWrite(k, k, cache.Rows([(0, 0)]), cache.Pages, cache.Layer with { Encoding = Encoding.Q4_0, HeadDim = 32 }));
        Assert.Throws<ArgumentException>(() => device.KvWrite(k, k, cache.Rows([(0, 0)]), cache.Pages with { PageRows = 0 }, cache.Layer));
        Assert.Contains("page 2 of sequence 0 is missing",
            Assert.Throws<ArgumentException>(() => device.KvWrite(k, k, cache.Rows([(0, 8)]), cache.Pages with { Window = 0 }, cache.Layer)).Message);
        Assert.Contains("needs page 7, the table has",
            Assert.Throws<ArgumentException>(() => device.KvWrite(k, k, cache.Rows([(0, 31)]), cache.Pages with { Window = 0 }, cache.Layer)).Message);
    }

    static void CheckEntry(TestCache cache, int sequence, int position)
    {
        int headDim = cache.Layer.HeadDim;
        foreach (bool keys in (bool[])[true, false])
            for (int head = 0; head < cache.Layer.Heads; head++)
            {
                float[] all = (keys ? cache.Keys : cache.Values)[sequence];
                double[] expected = AttentionCheck.Head(all, position, cache.Layer.Heads * headDim, head, headDim);
                double[] stored = cache.Stored(sequence, head, position, position, keys);
                for (int c = 0; c < headDim; c++)
                {
                    double largest = expected[(c / 32 * 32)..Math.Min(headDim, c / 32 * 32 + 32)].Max(Math.Abs);
                    Assert.InRange(stored[c] - expected[c], -KvEntry.Tolerance(cache.Layer.Encoding, expected[c], largest), KvEntry.Tolerance(cache.Layer.Encoding, expected[c], largest));
                }
            }
    }
}
