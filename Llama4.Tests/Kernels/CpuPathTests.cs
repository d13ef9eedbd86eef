using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Tests.Kernels.Formats;

namespace Llama4.Tests.Kernels;

/// <summary>Every path, also those that this processor lacks: software does then what their instructions do.</summary>
public sealed class CpuPathTests
{
    static readonly Dictionary<string, Lazy<Device>> devices = CpuPath.All.ToDictionary(
        path => path.Name, path => new Lazy<Device>(() => new CpuDevice(new CpuOptions { Threads = 1 }, path)));

    public static TheoryData<string> Paths => [.. devices.Keys];

    /// <summary>Scales are powers of two and inputs whole numbers, so that no sum is rounded.</summary>
    [Theory, MemberData(nameof(Paths))]
    public void Products_without_rounding_equal_the_plain_sum(string path)
    {
        foreach (Encoding encoding in FormatCases.Quantised)
            foreach ((int rows, int inputs, int outputs) in ((int, int, int)[])[(1, 512, 3), (2, 256, 16), (3, 512, 17), (9, encoding.BlockLength() == 32 ? 288 : 512, 27)])
            {
                var c = new MatMulCase(encoding, rows, inputs, outputs);
                byte[] weights = FormatCases.ExactScales(encoding, outputs * inputs / encoding.BlockLength(), 31);
                var data = new MatMulData(c, weights, SmallWholeNumbers(rows * inputs));
                float[] exact = [.. data.Result(roundedInputs: false).Exact.Select(sum => (float)sum)];
                Assert.Equal(exact, Run(data, path));
            }
    }

    [Theory, MemberData(nameof(Paths))]
    public void Every_path_gives_the_same_bits(string path)
    {
        foreach (Encoding encoding in FormatCases.All)
            foreach (bool inputMajor in encoding.BlockLength() == 1 ? (bool[])[false, true] : [false])
                foreach ((int rows, int outputs) in ((int, int)[])[(1, 5), (2, 66), (4, 18), (15, 67)])
                {
                    var data = new MatMulData(new(encoding, rows, MatMulCases.Inputs(encoding)[^1], outputs, inputMajor), 32);
                    Numbers.AssertSameBits(Run(data, "portable"), Run(data, path), $"{path} {data.Case}");
                }
    }

    [Theory, MemberData(nameof(Paths))]
    public void Every_path_gives_the_same_bits_at_the_ends_of_the_integers(string path)
    {
        foreach (Encoding encoding in FormatCases.Quantised)
            foreach (byte pattern in (byte[])[0x00, 0x7F, 0x80, 0xFF])
            {
                var c = new MatMulCase(encoding, 5, 256, 19);
                byte[] weights = FormatCases.AnyBits(encoding, c.Outputs * c.Inputs / encoding.BlockLength(), 33, pattern);
                float[] x = [.. Enumerable.Range(0, 5 * 256).Select(i => i / 256 % 2 == 0 ? 127f : -127f)];
                var extreme = new MatMulData(c, weights, x);
                Numbers.AssertSameBits(Run(extreme, "portable"), Run(extreme, path), $"{path} {c}, {pattern:x2}");
            }
    }

    /// <summary>Weights as they are, multiplied portably, are what repacked ones must equal; the extremes of their integers too.</summary>
    [Theory, MemberData(nameof(Paths))]
    public void Repacked_weights_give_the_same_bits(string path)
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Q4_0, Encoding.Q4_K, Encoding.Q5_K, Encoding.Q6_K])
            foreach (byte? pattern in (byte?[])[null, 0xFF])
                foreach (int rows in (int[])[1, 3])
                {
                    var c = new MatMulCase(encoding, rows, 512, 24);
                    byte[] weights = FormatCases.AnyBits(encoding, c.Outputs * c.Inputs / encoding.BlockLength(), 34, pattern);
                    var data = new MatMulData(c, weights, [.. Enumerable.Range(0, rows * 512).Select(i => i % 3 == 0 ? 127f : -127f)]);
                    Numbers.AssertSameBits(Run(data, "portable"), Run(data, path, repack: true), $"{path} {c} repacked");
                }
    }

    /// <summary>Random bytes and the ends of their ranges, beside a loop over them.</summary>
    [Fact]
    public void Instructions_do_what_they_say()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            byte[] unsigned = Bytes(seed, 64, unsignedEnds), weights = Bytes(seed + 1000, 64, signedEnds), inputs = Bytes(seed + 2000, 64, signedEnds);
            // Sums of two products must fit into 16 bits: one factor is at most 128 then, the other 127 in magnitude.
            byte[] half = [.. unsigned.Select(b => (byte)Math.Min(b, (byte)128))], bounded = [.. inputs.Select(b => (sbyte)b == -128 ? (byte)129 : b)];
            int[] sums = [.. Enumerable.Range(0, 16).Select(i => i * 1_000_003)];

            int[] unsignedFours = Fours(sums, i => unsigned[i], inputs), signedFours = Fours(sums, i => (sbyte)weights[i], inputs);
            Vector256<int> eight = AvxVnniProducts.AddFours(Vector256.Create(sums), Vector256.Create(unsigned), Vector256.Create(inputs).AsSByte());
            Vector128<int> four = SignedBytes.AddFours(Vector128.Create(sums), Vector128.Create(weights).AsSByte(), Vector128.Create(inputs).AsSByte());
            Assert.Equal(Vector256.Create(unsignedFours), eight);
            Assert.Equal(Vector128.Create(signedFours), four);

            short[] unsignedPairs = Pairs(i => half[i], bounded), signedPairs = Pairs(i => (sbyte)weights[i], bounded);
            Vector256<byte> u = Vector256.Create(half);
            Vector256<sbyte> s = Vector256.Create(bounded).AsSByte();
            Assert.Equal(Vector512.Create(unsignedPairs), WideBytes.MultiplyPairs(Vector512.Create(half), Vector512.Create(bounded).AsSByte()));
            Assert.Equal(Vector256.Create(unsignedPairs), ByteVectors.MultiplyPairs(u, s));
            Assert.Equal(Vector256.Create(unsignedPairs), ByteVectors.MultiplyPairsPortably(u, s));
            Assert.Equal(Vector128.Create(signedPairs), SignedBytes.MultiplyPairs(Vector128.Create(weights).AsSByte(), Vector128.Create(bounded).AsSByte()));

            int[] totals = [.. Enumerable.Range(0, 16).Select(i => signedPairs[2 * i] + signedPairs[2 * i + 1])];
            Assert.Equal(Vector512.Create(totals), WideBytes.AddPairs(Vector512.Create(signedPairs)));
            Assert.Equal(Vector256.Create(totals), ByteVectors.AddPairs(Vector256.Create(signedPairs)));
            Assert.Equal(Vector256.Create(totals), ByteVectors.AddPairsPortably(Vector256.Create(signedPairs)));
            int[] added = [.. totals.Zip(sums, (total, sum) => total + sum)];
            Assert.Equal(Vector128.Create(added), SignedBytes.AddPairs(Vector128.Create(sums), Vector128.Create(signedPairs)));

            // Where the sign is 0 any result will do: it is multiplied by 0.
            sbyte[] signs = [.. weights.Select(b => b == 0 ? (sbyte)1 : (sbyte)b)];
            sbyte[] signed = [.. bounded.Select((b, i) => signs[i] < 0 ? (sbyte)-(sbyte)b : (sbyte)b)];
            Assert.Equal(Vector512.Create(signed), WideBytes.WithSign(Vector512.Create(bounded).AsSByte(), Vector512.Create(signs)));
            Assert.Equal(Vector256.Create(signed), ByteVectors.WithSign(s, Vector256.Create(signs)));
            Assert.Equal(Vector256.Create(signed), ByteVectors.WithSignPortably(s, Vector256.Create(signs)));
        }
    }

    [Fact]
    public void The_first_path_that_the_processor_has_is_taken()
    {
        bool[] has = [AvxVnni.IsSupported, Avx512BW.IsSupported && Vector512.IsHardwareAccelerated, Avx2.IsSupported, Dp.IsSupported, AdvSimd.Arm64.IsSupported, true];
        Assert.Equal(has, CpuPath.All.Select(path => path.IsSupported));
        CpuPath first = CpuPath.All[Array.IndexOf(has, true)];
        Assert.Same(first, CpuPath.Of("auto"));
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        Assert.Same(first, device.Path);
        Assert.StartsWith("taken", first.Reason);
        foreach (CpuPath path in CpuPath.All.Where(path => path != first))
            Assert.Contains(path.IsSupported ? $"{first.Name} comes first" : $"has no {path.Needs}", path.Reason);
    }

    [Fact]
    public void A_path_can_be_named_and_one_that_is_missing_is_refused_with_what_there_is()
    {
        using (var device = new CpuDevice(new CpuOptions { Threads = 1, Path = "portable" })) Assert.Equal("portable", device.Path.Name);
        var unknown = Assert.Throws<ArgumentException>(() => new CpuDevice(new CpuOptions { Path = "mmx" }));
        foreach (string part in (string[])["'mmx'", "auto", "avxvnni, avx512, avx2, advsimd-dot, advsimd, portable", "possible here"]) Assert.Contains(part, unknown.Message);
        CpuPath missing = CpuPath.All.First(path => !path.IsSupported);
        var refused = Assert.Throws<ArgumentException>(() => new CpuDevice(new CpuOptions { Path = missing.Name }));
        foreach (string part in (string[])[$"'{missing.Name}'", missing.Needs, "portable"]) Assert.Contains(part, refused.Message);
    }

    /// <summary>The largest of each 32 is 127, so that the scale is 1; the others are small, so that sums stay below 2^24 of the smallest step.</summary>
    static float[] SmallWholeNumbers(int count)
    {
        var random = new Random(34);
        return [.. Enumerable.Range(0, count).Select(i => i % 32 == 9 ? random.Next(2) * 254 - 127 : (float)random.Next(-2, 3))];
    }

    static float[] Run(MatMulData data, string path, bool repack = false)
    {
        Device device = devices[path].Value;
        // A device is for one thread at a time, and theories may run side by side.
        lock (device)
        {
            using var memory = new Workspace(device);
            Tensor y = memory.New(data.Case.Rows, data.Case.Outputs);
            Weight weight = data.Matrix(memory);
            Weight? repacked = repack ? device.TryRepack(weight) : null;
            Assert.Equal(repack, repacked is not null);
            device.MatMul(memory.Floats(data.X, data.Case.Rows, data.Case.Inputs), new Projection(repacked ?? weight, y));
            repacked?.Values.Buffer.Dispose();
            return memory.Read(y);
        }
    }

    static readonly byte[] unsignedEnds = [0, 1, 127, 128, 255], signedEnds = [0, 1, 127, 128, 129, 255];

    static byte[] Bytes(int seed, int count, byte[] ends)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 0 ? ends[random.Next(ends.Length)] : (byte)random.Next(256))];
    }

    static int[] Fours(int[] sums, Func<int, int> weight, byte[] inputs) =>
        [.. sums.Select((sum, i) => sum + Enumerable.Range(4 * i, 4).Sum(k => weight(k) * (sbyte)inputs[k]))];

    static short[] Pairs(Func<int, int> weight, byte[] inputs) =>
        [.. Enumerable.Range(0, 32).Select(i => weight(2 * i) * (sbyte)inputs[2 * i] + weight(2 * i + 1) * (sbyte)inputs[2 * i + 1]).Select(sum => checked((short)sum))];
}
