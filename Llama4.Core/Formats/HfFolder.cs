using System.Text.Json;
using Llama4.Core.Model;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>A folder with config.json and safetensors files, as the published checkpoints are.</summary>
internal static class HfFolder
{
    /// <param name="path">As the user gave it.</param>
    /// <param name="only">The one safetensors file to read; null: model.safetensors, or the files of the index.</param>
    public static Checkpoint Open(string path, string folder, string? only)
    {
        var files = new List<ModelFile>();
        try
        {
            return Open(path, folder, only, files);
        }
        catch
        {
            foreach (ModelFile file in files) file.Dispose();
            throw;
        }
    }

    static FileCheckpoint Open(string path, string folder, string? only, List<ModelFile> files)
    {
        var warnings = new List<string>();
        string configPath = Path.Combine(folder, "config.json");
        using JsonDocument document = JsonFields.Parse(configPath, Limits.ConfigBytes);
        var root = new JsonFields(configPath, "$", document.RootElement);
        HfQuantization.Check(root);
        Llama4Config config = HfConfig.Read(root, warnings);
        if (config.Vision is { } vision) config = config with { Vision = HfVisionConfig.WithProcessor(vision, folder) };

        List<KeyValuePair<string, string>> metadata = HfMetadata.Flatten(root);
        TensorTable tensors = SafetensorsFolder.Read(folder, only, files, metadata);
        var layout = new HfLayout(tensors, config);
        if (config.Vision is not null && !layout.HasVision)
        {
            warnings.Add($"{folder}: config.json has a vision part, but there are no vision weights: text only");
            config = config with { Vision = null, Text = config.Text with { PatchToken = -1 } };
            layout = new HfLayout(tensors, config);
        }
        var plan = new PlanTarget();
        layout.Text(plan);
        layout.Vision(plan);
        layout.SkipUnneeded();
        tensors.RefuseUnused();

        JsonFields nested = root.Object("text_config") ?? root;
        int begin = nested.Int("bos_token_id", -1, config.Text.Vocabulary - 1, -1);
        (TokenizerData tokenizer, bool addBegin) = HfTokenizer.Read(folder, config.Text.Vocabulary, begin, warnings);
        return new FileCheckpoint(files, layout)
        {
            Path = path,
            Config = config,
            Tokenizer = tokenizer,
            ChatTemplate = HfTemplate.Read(folder),
            Generation = HfGeneration.Read(folder, root, config.Text, tokenizer, addBegin),
            Tensors = [.. tensors.All],
            Metadata = metadata,
            Warnings = warnings,
        };
    }
}
