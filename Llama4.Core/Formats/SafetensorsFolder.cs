using System.Text.Json;

namespace Llama4.Core.Formats;

/// <summary>The safetensors files of a folder: model.safetensors, or those that model.safetensors.index.json names.</summary>
internal static class SafetensorsFolder
{
    /// <param name="only">A file to read instead.</param>
    /// <param name="files">Receives the opened files.</param>
    /// <param name="metadata">Receives what the files say about themselves.</param>
    public static TensorTable Read(string folder, string? only, List<ModelFile> files, List<KeyValuePair<string, string>> metadata)
    {
        string single = only ?? Path.Combine(folder, "model.safetensors");
        string index = Path.Combine(folder, "model.safetensors.index.json");
        var tensors = new TensorTable(only ?? folder);
        if (only is not null || File.Exists(single) || Directory.Exists(single))
        {
            Add(single, tensors, files, metadata);
            return tensors;
        }
        if (!File.Exists(index))
        {
            bool hasPth = Directory.EnumerateFiles(folder, "*.pth", CheckpointOpener.Readable).Any();
            throw new ModelFormatException(folder, "folder", "has neither model.safetensors nor model.safetensors.index.json"
                + (hasPth ? "; .pth files are not supported, convert them to safetensors" : ""));
        }
        Dictionary<string, string> map = ReadIndex(index);
        foreach (string file in map.Values.Distinct()) Add(Path.Combine(folder, file), tensors, files, metadata);
        foreach ((string name, string file) in map)
            if (!tensors.Has(name) || Path.GetFileName(tensors.Peek(name).File) != file)
                throw new ModelFormatException(index, name, $"{file} does not hold this tensor");
        return tensors;
    }

    static void Add(string path, TensorTable tensors, List<ModelFile> files, List<KeyValuePair<string, string>> metadata)
    {
        ModelFile file = ModelFile.Open(path);
        files.Add(file);
        SafetensorsFile header = SafetensorsFile.Read(file);
        foreach (TensorInfo tensor in header.Tensors) tensors.Add(tensor);
        if (files.Count == 1) metadata.AddRange(header.Metadata);
    }

    /// <summary>Tensor → file name, which must be that of a file in the same folder.</summary>
    static Dictionary<string, string> ReadIndex(string path)
    {
        using JsonDocument document = JsonFields.Parse(path, Limits.IndexBytes);
        var root = new JsonFields(path, "$", document.RootElement);
        JsonFields map = root.Object("weight_map") ?? throw new ModelFormatException(path, "$.weight_map", "is missing");
        var result = new Dictionary<string, string>();
        var names = new HashSet<string>();
        foreach (JsonProperty property in map.Element.EnumerateObject())
        {
            string name = map.ToName(property);
            string file = map.Text(name) ?? throw map.Wrong(name, property.Value, "a file name");
            bool plain = file.EndsWith(".safetensors", StringComparison.Ordinal) && file.AsSpan().IndexOfAny("/\\:\0") < 0;
            if (!plain)
                throw new ModelFormatException(path, map.Place(name),
                    $"is {file}, expected the name of a .safetensors file in the same folder");
            result.Add(name, file);
            if (names.Add(file) && names.Count > Limits.Shards)
                throw new ModelFormatException(path, "$.weight_map", $"names more than {Limits.Shards} files");
        }
        return result;
    }
}
