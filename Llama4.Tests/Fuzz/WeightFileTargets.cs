using Llama4.Core.Formats;

namespace Llama4.Tests.Fuzz;

/// <summary>
/// Files of weights, opened as users open them. Of the input the first three bytes say how many zeros follow the others in the file, in
/// place of the weights, which opening does not read.
/// </summary>
static class WeightFileTargets
{
    static readonly Lazy<FuzzFolder> ggufFolder = new(() => new FuzzFolder());
    static readonly Lazy<FuzzFolder> visionFolder = new(WithModel);
    static readonly Lazy<FuzzFolder> safetensorsFolder = new(WithConfig);

    public static FuzzTarget Gguf { get; } = new("gguf", ReadGguf, () => [Model(), Seed("gguf", "mini-Q8_0.gguf")])
    {
        Words = FuzzTarget.Utf8("GGUF", "general.alignment", "llama4.block_count", "split.count", "split.no", "tokenizer.ggml.tokens", "output.weight"),
    };

    /// <summary>The vision part beside a sound model.</summary>
    public static FuzzTarget Mmproj { get; } = new("mmproj", ReadMmproj, () => [Seed("gguf", "mmproj-tiny-F32.gguf")])
    {
        Words = FuzzTarget.Utf8("clip.vision.block_count", "clip.projector_type", "v.blk.0.attn_q.weight", "mm.model.fc.weight"),
    };

    public static FuzzTarget Safetensors { get; } = new("safetensors", ReadSafetensors, () => [Seed("hf", "top2", "model.safetensors"), Small()])
    {
        Words = FuzzTarget.Utf8("\"__metadata__\":{", "\"dtype\":\"F32\"", "\"shape\":[", "\"data_offsets\":[", "9223372036854775807", "-1", "1e9", "null", "\\u0000"),
    };

    static void ReadGguf(ReadOnlySpan<byte> input) => Open(Write(ggufFolder.Value, "model.gguf", input), vision: null);

    static void ReadMmproj(ReadOnlySpan<byte> input) =>
        Open(Path.Combine(visionFolder.Value.Path, "model.gguf"), Write(visionFolder.Value, "mmproj.gguf", input));

    static void ReadSafetensors(ReadOnlySpan<byte> input)
    {
        Write(safetensorsFolder.Value, "model.safetensors", input);
        Open(safetensorsFolder.Value.Path, vision: null);
    }

    static void Open(string path, string? vision)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, vision);
        long end = checkpoint.Tensors.Max(tensor => tensor.Offset + tensor.Bytes);
        if (end > checkpoint.Tensors.Max(tensor => new FileInfo(tensor.File).Length)) throw new InvalidOperationException($"a tensor ends at {end}, beyond its file");
    }

    static string Write(FuzzFolder folder, string name, ReadOnlySpan<byte> input) =>
        input.Length < 3 ? folder.Write(name, []) : folder.Write(name, input[3..], input[0] | input[1] << 8 | input[2] << 16);

    static FuzzFolder WithModel()
    {
        var folder = new FuzzFolder();
        Write(folder, "model.gguf", Model());
        return folder;
    }

    static FuzzFolder WithConfig()
    {
        var folder = new FuzzFolder();
        folder.Write("config.json", File.ReadAllBytes(TestData.Path("hf", "top2", "config.json")));
        return folder;
    }

    /// <summary>A model without rope_freqs, the one tensor of a text model that opening does read.</summary>
    static byte[] Model() => Seed("gguf", "mini_mav-Q4_K_M.gguf");

    /// <summary>A file of the test data up to its first tensor.</summary>
    static byte[] Seed(params string[] path)
    {
        string file = TestData.Path(path);
        using ModelFile open = ModelFile.Open(file);
        IReadOnlyList<TensorInfo> tensors = file.EndsWith(".gguf", StringComparison.Ordinal) ? GgufFile.Read(open).Tensors : SafetensorsFile.Read(open).Tensors;
        var header = new byte[tensors.Min(tensor => tensor.Offset)];
        open.Read(0, header);
        long zeros = open.Length - header.Length;
        return [(byte)zeros, (byte)(zeros >> 8), (byte)(zeros >> 16), .. header];
    }

    static byte[] Small()
    {
        ReadOnlySpan<byte> header = "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[0,12]}}"u8;
        return [12, 0, 0, (byte)header.Length, 0, 0, 0, 0, 0, 0, 0, .. header];
    }
}
