using Llama4.Core.Model;
using Llama4.Core.Tokenization;
using Llama4.Kernels.Formats;

namespace Llama4.Core.Formats;

/// <summary>A GGUF model: the text part in one file or several, the vision part, if any, in a file of its own.</summary>
internal static class GgufModel
{
    const string PatchToken = "<|patch|>";

    /// <param name="visionPath">The vision part; null: the only *mmproj*.gguf beside the model, if it fits.</param>
    public static Checkpoint Open(string path, string? visionPath)
    {
        var files = new List<ModelFile>();
        try
        {
            return Open(path, visionPath, files);
        }
        catch
        {
            foreach (ModelFile file in files) file.Dispose();
            throw;
        }
    }

    static FileCheckpoint Open(string path, string? visionPath, List<ModelFile> files)
    {
        var warnings = new List<string>();
        List<GgufFile> parts = GgufParts.Read(path, files);
        GgufMetadata m = parts[0].Metadata;
        GgufConfig.RequireArchitecture(m, "llama4");
        var tensors = new TensorTable(parts[0].File.Path);
        foreach (GgufFile part in parts)
            foreach (TensorInfo tensor in part.Tensors) tensors.Add(tensor);

        TextConfig text = GgufConfig.ReadText(m, GgufTokenizer.Count(m));
        text = text with { TiedOutput = !tensors.Has("output.weight"), RopeFactors = ReadRopeFactors(tensors, files, text.HeadDim) };
        TokenizerData tokenizer = GgufTokenizer.Read(m, text.Vocabulary, warnings);
        GgufFile? visionFile = OpenVision(path, visionPath, files, text, tokenizer, warnings);
        TensorTable? visionTensors = null;
        VisionConfig? vision = null;
        if (visionFile is not null)
        {
            vision = GgufVisionConfig.Read(visionFile.Metadata);
            visionTensors = new TensorTable(visionFile.File.Path);
            foreach (TensorInfo tensor in visionFile.Tensors) visionTensors.Add(tensor);
            text = text with { PatchToken = tokenizer.ControlTokens[PatchToken] };
        }
        var config = new Llama4Config { Text = text, Vision = vision };
        ConfigRules.Check(path, config);
        var layout = new GgufLayout(tensors, visionTensors, config);
        var plan = new PlanTarget();
        layout.Text(plan);
        layout.Vision(plan);
        tensors.RefuseUnused();
        visionTensors?.RefuseUnused();
        return new FileCheckpoint(files, layout)
        {
            Path = path,
            Config = config,
            Tokenizer = tokenizer,
            ChatTemplate = m.String("tokenizer.chat_template", Limits.TemplateBytes),
            Generation = GgufTokenizer.ReadGeneration(m, text, tokenizer),
            Tensors = [.. tensors.All, .. visionTensors?.All ?? []],
            Metadata = [.. Describe(m), .. visionFile is null ? [] : Describe(visionFile.Metadata)],
            Warnings = warnings,
        };
    }

    static GgufFile? OpenVision(
        string path, string? visionPath, List<ModelFile> files, TextConfig text, TokenizerData tokenizer, List<string> warnings)
    {
        string? found = visionPath ?? FindVision(path, warnings);
        if (found is null) return null;
        ModelFile file = ModelFile.Open(found);
        files.Add(file);
        GgufFile vision = GgufFile.Read(file);
        GgufConfig.RequireArchitecture(vision.Metadata, "clip");
        int width = GgufVisionConfig.ProjectionWidth(vision.Metadata);
        string? problem =
            width != text.Width ? $"{found}: gives vectors of {width}, but the model's width is {text.Width}"
            : !tokenizer.ControlTokens.ContainsKey(PatchToken) ? $"{found}: the model has no control token {PatchToken}"
            : null;
        if (problem is null) return vision;
        if (visionPath is not null) throw new ModelFormatException(found, "vision part", problem[(found.Length + 2)..]);
        warnings.Add($"{problem}: it is not used");
        return null;
    }

    static string? FindVision(string path, List<string> warnings)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string self = Path.GetFileName(path);
        string[] found = [.. Directory.EnumerateFiles(folder, "*.gguf", CheckpointOpener.Readable)
            .Where(file => IsVision(file) && Path.GetFileName(file) != self).Order(StringComparer.Ordinal)];
        if (found.Length > 1)
        {
            string names = string.Join(", ", found.Take(4).Select(Path.GetFileName));
            warnings.Add($"{folder}: has {found.Length} vision parts ({names}): name one to use it");
        }
        return found.Length == 1 ? found[0] : null;
    }

    public static bool IsVision(string file) => Path.GetFileName(file).Contains("mmproj", StringComparison.OrdinalIgnoreCase);

    static float[]? ReadRopeFactors(TensorTable tensors, List<ModelFile> files, int headDim)
    {
        const string name = "rope_freqs.weight";
        if (!tensors.Has(name)) return null;
        TensorInfo tensor = tensors.Get(name, headDim / 2);
        var factors = new float[headDim / 2];
        var bytes = new byte[tensor.Bytes];
        files.First(f => f.Path == tensor.File).Read(tensor.Offset, bytes);
        FormatCodec.Decode(tensor.Encoding, bytes, factors);
        foreach (float factor in factors)
            if (!(factor > 0 && float.IsFinite(factor)))
                throw new ModelFormatException(tensor.File, name, $"has the factor {factor}, expected positive ones");
        return factors;
    }

    static IEnumerable<KeyValuePair<string, string>> Describe(GgufMetadata m) =>
        m.Keys.Select(key => KeyValuePair.Create(key, m.Describe(key)));
}
