using System.Security.Cryptography;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Formats;

/// <summary>Loading: the right numbers in the right places, progress, cancellation, memory; verifying; writing.</summary>
public class LoadingTests
{
    static readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public void Fused_experts_become_views_of_the_file()
    {
        using var folder = new TempFolder();
        const int width = TinyModels.Width, hidden = TinyModels.Hidden;
        List<TensorToWrite> tensors = [.. TinyModels.Tensors(encoding: Encoding.F32)
            .Select(t => t.Name.Contains("experts.", StringComparison.Ordinal) ? Counting(t) : t)];
        TinyModels.WriteFolder(folder, tensors: tensors);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        MoeWeights moe = checkpoint.LoadText(device, cancel: cancel).Layers[1].Moe!;
        foreach ((int e, int output, int input) in new[] { (0, 0, 0), (0, 5, 31), (1, 0, 0), (1, 31, 7) })
        {
            Assert.Equal(e * width * 2 * hidden + input * 2 * hidden + output, At(moe.Gate[e], output, input));
            Assert.Equal(e * width * 2 * hidden + input * 2 * hidden + hidden + output, At(moe.Up[e], output, input));
            Assert.Equal(e * hidden * width + input * width + output, At(moe.Down[e], output, input));
        }
        Assert.Equal((width, hidden, hidden, width), (moe.Gate[1].Inputs, moe.Gate[1].Outputs, moe.Down[1].Inputs, moe.Down[1].Outputs));
    }

    [Fact]
    public void Published_names_load_with_vision_and_fp8()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        using Checkpoint vision = Checkpoint.Open(TestData.Path("hf", "vision"));
        VisionWeights v = vision.LoadVision(device, cancel: cancel)!;
        Assert.Equal((588, 64, 17, 256, 96, 96, 96, 128), (v.PatchEmbedding.Inputs, v.PatchEmbedding.Outputs, v.PositionEmbedding.Rows,
            v.AdapterIn.Inputs, v.AdapterIn.Outputs, v.AdapterOut.Outputs, v.Projector.Inputs, v.Projector.Outputs));
        Assert.Equal(Encoding.F32, v.Layers[2].Query.Bias.Encoding);
        vision.LoadText(device, cancel: cancel);

        using Checkpoint fp8 = Checkpoint.Open(TestData.Path("hf", "maverick-fp8"));
        Llama4Weights weights = fp8.LoadText(device, cancel: cancel);
        Assert.All(weights.Layers[1].Moe!.Gate, w => Assert.Equal((Encoding.F8E4M3, 96), (w.Encoding, w.Scales!.Value.Columns)));
        Assert.All(weights.Layers[3].Moe!.Down, w => Assert.Equal((Encoding.F8E4M3, 128), (w.Encoding, w.Scales!.Value.Columns)));
        Assert.Null(weights.Layers[1].Moe!.Shared.Gate.Scales);
        Assert.Null(fp8.LoadVision(device, cancel: cancel));

        using Checkpoint demo = Checkpoint.Open(Path.Combine(AppContext.BaseDirectory, "demo-model"));
        Assert.Equal(8, demo.LoadText(device, cancel: cancel).Layers.Count);
        Assert.Equal(4, demo.LoadVision(device, cancel: cancel)!.Layers.Count);
    }

    [Fact]
    public void Progress_ends_at_all_bytes_and_cancelling_stops()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini-Q8_0.gguf"));
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        var reports = new List<LoadProgress>();
        checkpoint.LoadText(device, new Sink(reports.Add), cancel);
        Assert.Equal(reports[^1].BytesTotal, reports[^1].BytesDone);
        Assert.True(reports.Zip(reports.Skip(1), (a, b) => a.BytesDone < b.BytesDone && a.BytesTotal == b.BytesTotal).All(rises => rises));

        using var source = new CancellationTokenSource();
        int count = 0;
        var stop = new Sink(_ => { if (++count == 5) source.Cancel(); });
        Assert.Throws<OperationCanceledException>(() => checkpoint.LoadText(device, stop, source.Token));
        Assert.Equal(5, count);
        Assert.Throws<OperationCanceledException>(() => checkpoint.Verify(true, null, source.Token));
    }

    [Fact]
    public void Everything_is_given_back_when_a_checkpoint_is_disposed()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        for (int i = 0; i < 20; i++)
        {
            Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini-Q4_0.gguf"));
            checkpoint.LoadText(device, cancel: cancel);
            checkpoint.LoadVision(device, cancel: cancel);
            Assert.True(device.AllocatedBytes > 0);
            checkpoint.Dispose();
            checkpoint.Dispose();
            Assert.Equal(0, device.AllocatedBytes);
            Assert.Throws<ObjectDisposedException>(() => checkpoint.LoadText(device, cancel: cancel));
        }
    }

    /// <summary>G40: such a file loads, and verifying finds it.</summary>
    [Fact]
    public void Verifying_finds_numbers_that_are_not_finite()
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Gguf(encoding: Encoding.Q8_0);
        file.Change("blk.0.attn_norm.weight", t => t with { Data = Patch(t.Data, 4 * 7, BitConverter.GetBytes(float.NaN)) });
        file.Change("blk.1.ffn_up_exps.weight", t => t with { Data = Patch(t.Data, 34 * 3, BitConverter.GetBytes(Half.PositiveInfinity)) });
        string path = folder.Write("x.gguf", file.Build());
        using Checkpoint checkpoint = Checkpoint.Open(path);
        var reports = new List<LoadProgress>();
        VerifyReport report = checkpoint.Verify(hashFiles: true, new Sink(reports.Add), cancel);
        Assert.Equal(
            [new VerifyProblem(path, "blk.0.attn_norm.weight", 1, 7), new VerifyProblem(path, "blk.1.ffn_up_exps.weight", 32, 96)],
            report.Problems);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))), report.Hashes[path]);
        Assert.Equal(reports[^1].BytesTotal, reports[^1].BytesDone);
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        checkpoint.LoadText(device, cancel: cancel);

        static byte[] Patch(byte[] data, int at, byte[] value)
        {
            byte[] copy = [.. data];
            value.CopyTo(copy, at);
            return copy;
        }
    }

    [Fact]
    public void Verifying_a_good_model_finds_nothing()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini-Q2_K.gguf"));
        VerifyReport report = checkpoint.Verify(cancel: cancel);
        Assert.Empty(report.Problems);
        Assert.Empty(report.Hashes);
    }

    [Fact]
    public void What_the_gguf_writer_writes_is_read_back()
    {
        using var folder = new TempFolder();
        byte[] numbers = [.. Enumerable.Range(0, 34 * 3).Select(i => (byte)i)];
        new GgufWriter(alignment: 64)
            .Add("b", true).Add("u", 7u).Add("i", -7).Add("f", 0.5f).Add("d", 0.25).Add("l", -1L << 40).Add("ul", 1UL << 63)
            .Add("s", "Grüße")
            .Add("as", new[] { "a", "", "ç" }).Add("ai", new[] { 1, -2 }).Add("af", new[] { 0.5f }).Add("ab", new[] { true, false })
            .Add(new TensorToWrite("q", [3, 32], Encoding.Q8_0, numbers))
            .Add(new TensorToWrite("v", [2], Encoding.F32, new byte[8]))
            .Save(folder["x.gguf"]);
        using ModelFile file = ModelFile.Open(folder["x.gguf"]);
        GgufFile read = GgufFile.Read(file);
        GgufMetadata m = read.Metadata;
        Assert.Equal((true, 7, -7, 0.5f, 0.25f, "Grüße"), (m.Flag("b", false), m.Int("u", 0, 9), m.Int("i", -9, 9), m.Float("f", 0, 1),
            m.Float("d", 0, 1), m.String("s")));
        Assert.Equal([1, -2], m.Ints("ai", -9, 9, 2)!);
        Assert.Equal([1, 0], m.Ints("ab", 0, 1, 2)!);
        Assert.Equal([0.5], m.Floats("af", 1)!);
        Assert.Equal("3 × String: a, , ç", m.Describe("as"));
        Assert.Equal((-1L << 40).ToString(System.Globalization.CultureInfo.InvariantCulture), m.Describe("l"));
        Assert.Equal((1UL << 63).ToString(System.Globalization.CultureInfo.InvariantCulture), m.Describe("ul"));
        Assert.Equal(["q", "v"], read.Tensors.Select(t => t.Name));
        Assert.Equal([3, 32], read.Tensors[0].Dimensions);
        Assert.All(read.Tensors, t => Assert.Equal(0, t.Offset % 64));
        var stored = new byte[numbers.Length];
        file.Read(read.Tensors[0].Offset, stored);
        Assert.Equal(numbers, stored);
    }

    [Fact]
    public void A_file_that_cannot_be_completed_leaves_the_old_one_and_nothing_else()
    {
        using var folder = new TempFolder();
        folder.Write("x.gguf", "old");
        var broken = new TensorToWrite("t", [4], Encoding.F32, new byte[15]);
        Assert.Throws<InvalidOperationException>(() => new GgufWriter().Add(broken).Save(folder["x.gguf"]));
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Save(folder["x.gguf"], [broken]));
        Assert.Equal("old", File.ReadAllText(folder["x.gguf"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Metadata_is_listed_for_people()
    {
        using Checkpoint gguf = Checkpoint.Open(TestData.Path("gguf", "mini-Q8_0.gguf"));
        Dictionary<string, string> pairs = new(gguf.Metadata.DistinctBy(p => p.Key));
        Assert.Equal(("4", "llama4"), (pairs["llama4.block_count"], pairs["general.architecture"]));
        Assert.StartsWith("512 × String", pairs["tokenizer.ggml.tokens"]);
        Assert.Contains("clip.projector_type", pairs.Keys);
        using Checkpoint folder = Checkpoint.Open(TestData.Path("hf", "vision"));
        Assert.Contains(new KeyValuePair<string, string>("text_config.hidden_size", "128"), folder.Metadata);
        Assert.Equal(folder.Tensors.Sum(t => t.Bytes), folder.WeightBytes);
    }

    static float At(Weight weight, int output, int input)
    {
        (int row, int column) = weight.InputMajor ? (input, output) : (output, input);
        using ModelFile file = ModelFile.Open(Assert.IsType<MappedFile>(weight.Values.Buffer).Path);
        var bytes = new byte[4];
        file.Read(weight.Values.Offset + row * weight.Values.RowBytes + 4 * column, bytes);
        return BitConverter.ToSingle(bytes);
    }

    /// <summary>The same tensor with the numbers 0, 1, 2, …</summary>
    static TensorToWrite Counting(TensorToWrite tensor)
    {
        var bytes = new byte[tensor.Bytes];
        for (int i = 0; i < bytes.Length / 4; i++) BitConverter.TryWriteBytes(bytes.AsSpan(4 * i), (float)i);
        return new TensorToWrite(tensor.Name, tensor.Dimensions, tensor.Encoding, bytes);
    }

    /// <summary>Reports on the calling thread.</summary>
    sealed class Sink(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
