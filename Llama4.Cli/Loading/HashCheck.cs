namespace Llama4.Cli.Loading;

/// <summary>The SHA-256 of a file, and the one that a list beside it names.</summary>
/// <param name="Expected">Null where there is no list or it does not name the file.</param>
internal sealed record HashCheck(string File, string Found, string? Expected)
{
    const int LargestList = 1 << 20;

    public bool IsEqual => string.Equals(Found, Expected, StringComparison.OrdinalIgnoreCase);

    /// <summary>Looks in FILE.sha256 and SHA256SUMS, whose lines are "hash  name" as sha256sum writes them.</summary>
    public static HashCheck Of(string file, string found)
    {
        string name = Path.GetFileName(file), folder = Path.GetDirectoryName(file) ?? "";
        foreach (string list in new[] { file + ".sha256", Path.Combine(folder, "SHA256SUMS") })
            if (System.IO.File.Exists(list) && new FileInfo(list).Length <= LargestList)
                foreach (string line in System.IO.File.ReadLines(list))
                {
                    string[] words = line.Split((char[])[' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries);
                    // The hash alone is enough in a file for this one; * marks binary mode.
                    bool isThis = words.Length == 1 ? list == file + ".sha256" : words.Length == 2 && words[1].Trim().TrimStart('*') == name;
                    if (isThis && words[0].Length == 64) return new HashCheck(file, found, words[0]);
                }
        return new HashCheck(file, found, null);
    }
}
