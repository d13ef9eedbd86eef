namespace Llama4.Cli;

/// <summary>Finds what somebody probably meant to write.</summary>
internal static class Suggestion
{
    /// <summary>
    /// The only candidate that starts with the word, else the one that takes the fewest changes of characters; null when all need too
    /// many to be meant.
    /// </summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        string[] all = [.. candidates];
        string[] longer = [.. all.Where(candidate => candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase))];
        if (longer.Length == 1 && word.TrimStart('-', '/').Length >= 2) return longer[0];
        (string? best, int distance) = all
            .Select(candidate => ((string?)candidate, Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .DefaultIfEmpty((null, int.MaxValue))
            .MinBy(pair => pair.Item2);
        return distance <= Math.Max(2, word.Length / 3) ? best : null;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).</summary>
    static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }
                int change = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        return d[a.Length, b.Length];
    }
}
