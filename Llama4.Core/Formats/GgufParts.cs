using System.Globalization;
using System.Text.RegularExpressions;
using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>The file or files of one GGUF model: x.gguf, or x-00001-of-00003.gguf and so on, found from any of them.</summary>
internal static partial class GgufParts
{
    /// <summary>Opens and reads all parts, the first one first.</summary>
    /// <param name="files">Receives the opened files.</param>
    public static List<GgufFile> Read(string path, List<ModelFile> files)
    {
        (string Prefix, int Number, int Count)? name = ParseName(Path.GetFileName(path));
        string folder = Path.GetDirectoryName(path) ?? "";
        int count = name?.Count ?? 1;
        if (name is { } given && (given.Number < 1 || given.Number > count || count > Limits.Shards))
            throw new ModelFormatException(path, "file name", $"is part {given.Number} of {count}, limit {Limits.Shards}");
        var parts = new List<GgufFile>();
        for (int i = 0; i < count; i++)
        {
            string part = name is { } n ? Path.Combine(folder, NameOf(n.Prefix, i + 1, n.Count)) : path;
            if (!File.Exists(part)) throw new ModelFormatException(part, "file", $"part {i + 1} of {count} is missing");
            ModelFile file = ModelFile.Open(part);
            files.Add(file);
            parts.Add(GgufFile.Read(file));
            CheckPart(parts[i].Metadata, i, count, isSplit: name is not null);
        }
        int tensors = parts.Sum(p => p.Tensors.Count);
        int expected = parts[0].Metadata.Int("split.tensors.count", 0, int.MaxValue, tensors);
        if (tensors != expected)
            throw new ModelFormatException(parts[0].File.Path, "split.tensors.count",
                $"is {expected}, but the {count} parts have {tensors} tensors");
        return parts;
    }

    public static string NameOf(string prefix, int number, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}-{number:D5}-of-{count:D5}.gguf");

    /// <summary>Whether a file name is that of a part, and not of the first.</summary>
    public static bool IsLaterPart(string name) => ParseName(name) is { Number: > 1 };

    static (string Prefix, int Number, int Count)? ParseName(string name)
    {
        Match match = PartName().Match(name);
        if (!match.Success) return null;
        int number = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        int count = int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture);
        return (match.Groups[1].Value, number, count);
    }

    static void CheckPart(GgufMetadata m, int index, int count, bool isSplit)
    {
        int saidCount = m.Int("split.count", 0, Limits.Shards, isSplit ? null : 0);
        if (saidCount <= 1 && count == 1) return;
        if (saidCount != count)
            throw new ModelFormatException(m.File, "split.count",
                $"is {saidCount}, but the file's name says {count}: parts are named x-00001-of-{saidCount:D5}.gguf");
        int number = m.Int("split.no", 0, Limits.Shards);
        if (number != index) throw new ModelFormatException(m.File, "split.no", $"is {number}, expected {index} by the file's name");
    }

    [GeneratedRegex(@"^(.+)-(\d{5})-of-(\d{5})\.gguf$", RegexOptions.NonBacktracking)]
    private static partial Regex PartName();
}
