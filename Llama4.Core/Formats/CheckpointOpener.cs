namespace Llama4.Core.Formats;

/// <summary>Finds out what kind of model a path names.</summary>
internal static class CheckpointOpener
{
    /// <summary>Folders that may not be listed count as empty.</summary>
    public static readonly EnumerationOptions Readable = new() { IgnoreInaccessible = true };

    public static Checkpoint Open(string path, string? visionPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0')) throw new ModelFormatException(path.Replace("\0", "\\0"), "path", "there is no such file or folder");
        if (Directory.Exists(path)) return OpenFolder(path, visionPath);
        if (!Path.Exists(path)) throw new ModelFormatException(path, "path", "there is no such file or folder. " + Nearby(path));
        bool isGguf;
        using (ModelFile file = ModelFile.Open(path)) isGguf = GgufFile.HasMagic(file) || HasExtension(path, ".gguf");
        if (isGguf) return GgufModel.Open(path, visionPath);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!HasExtension(path, ".safetensors") || !File.Exists(Path.Combine(folder, "config.json")))
            throw new ModelFormatException(path, "file", "is no model: expected a .gguf file, a folder with config.json and safetensors, "
                + "or a .safetensors file in such a folder. " + Nearby(path));
        RefuseVision(path, visionPath);
        bool isShard = !Path.GetFileName(path).Equals("model.safetensors", StringComparison.Ordinal)
            && File.Exists(Path.Combine(folder, "model.safetensors.index.json"));
        return HfFolder.Open(path, folder, isShard ? null : path);
    }

    static Checkpoint OpenFolder(string path, string? visionPath)
    {
        if (File.Exists(Path.Combine(path, "config.json")))
        {
            RefuseVision(path, visionPath);
            return HfFolder.Open(path, path, only: null);
        }
        string[] models = [.. GgufModels(path)];
        return models.Length == 1 ? GgufModel.Open(models[0], visionPath)
            : throw new ModelFormatException(path, "folder", "has no config.json"
                + (models.Length == 0 ? " and no .gguf file. " + Nearby(path)
                    : $" and {models.Length} .gguf models, name one: {Names(models)}"));
    }

    static void RefuseVision(string path, string? visionPath)
    {
        if (visionPath is not null)
            throw new ModelFormatException(path, "vision part",
                $"{visionPath} cannot be added: only GGUF models have their vision part in another file");
    }

    /// <summary>What else could have been meant: models in the folder, or in the nearest folder above that exists.</summary>
    static string Nearby(string path)
    {
        string? folder = Path.GetFullPath(path);
        while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
        string[] models = folder is null ? [] : [.. GgufModels(folder), .. Folders(folder)];
        return models.Length == 0
            ? $"No models were found in {folder}; get one as .gguf, or as a folder with config.json and .safetensors files."
            : $"Models near: {Names(models)}";
    }

    static IEnumerable<string> GgufModels(string folder) => Directory.EnumerateFiles(folder, "*.gguf", Readable)
        .Where(f => !GgufModel.IsVision(f) && !GgufParts.IsLaterPart(Path.GetFileName(f))).Order(StringComparer.Ordinal);

    static IEnumerable<string> Folders(string folder) => Directory.EnumerateDirectories(folder, "*", Readable)
        .Where(f => File.Exists(Path.Combine(f, "config.json"))).Order(StringComparer.Ordinal);

    static string Names(string[] models) => string.Join(", ", models.Take(8)) + (models.Length > 8 ? $" and {models.Length - 8} more" : "");

    static bool HasExtension(string path, string extension) => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase);
}
