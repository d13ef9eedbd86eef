using System.Text;

namespace Llama4.Cli.Chat;

/// <summary>
/// Finds paths of pictures in a line, as terminals write them when a file is dropped: bare, in quotes, with a backslash before spaces,
/// or as file:// address. Only files that exist count; everything else stays text.
/// </summary>
internal static class DroppedPictures
{
    static readonly string[] extensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif"];

    /// <param name="exists">Whether a path, as written, names a file.</param>
    public static (string Text, IReadOnlyList<string> Paths) Find(string line, Func<string, bool> exists)
    {
        if (Picture(line.Trim(), exists) is string whole) return ("", [whole]);     // spaces without quotes, alone on the line
        var text = new StringBuilder();
        var paths = new List<string>();
        for (int index = 0; index < line.Length;)
        {
            bool isWordStart = index == 0 || char.IsWhiteSpace(line[index - 1]);
            (string word, int end) = Word(line, index);
            if (isWordStart && Picture(word, exists) is string path)
            {
                paths.Add(path);
                index = end;
                continue;
            }
            text.Append(line[index++]);
        }
        return (paths.Count == 0 ? line : Tidy(text.ToString()), paths);
    }

    static string? Picture(string word, Func<string, bool> exists)
    {
        if (word.StartsWith("file://", StringComparison.OrdinalIgnoreCase))
            word = Uri.TryCreate(word, UriKind.Absolute, out Uri? address) && address.IsFile ? address.LocalPath : "";
        return extensions.Any(extension => word.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) && exists(word) ? word : null;
    }

    /// <summary>The word that starts here by a shell's rules, and where it ends.</summary>
    static (string Word, int End) Word(string line, int start)
    {
        if (line[start] is '"' or '\'')
        {
            int close = line.IndexOf(line[start], start + 1);
            return close < 0 ? ("", start) : (line[(start + 1)..close], close + 1);
        }
        var word = new StringBuilder();
        int end = start;
        for (; end < line.Length && !char.IsWhiteSpace(line[end]); end++)
        {
            // On Windows a backslash separates folders.
            if (line[end] == '\\' && end + 1 < line.Length && !OperatingSystem.IsWindows()) end++;
            word.Append(line[end]);
        }
        return (word.ToString(), end);
    }

    /// <summary>No double spaces where a path has gone.</summary>
    static string Tidy(string text) => string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Trim();
}
