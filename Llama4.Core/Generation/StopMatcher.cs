using System.Text;

namespace Llama4.Core.Generation;

/// <summary>
/// Finds the first stop string in a text that comes piece by piece, and lets through only text that cannot belong to one. Each character is
/// looked at once per stop string (Knuth, Morris and Pratt).
/// </summary>
internal sealed class StopMatcher(IReadOnlyList<string> stops)
{
    readonly int[][] borders = [.. stops.Select(Borders)];

    /// <summary>How many characters of each stop string the text ends with.</summary>
    readonly int[] matched = new int[stops.Count];

    readonly StringBuilder held = new();

    /// <summary>The stop string that came; of several that end at the same character the longest.</summary>
    public string? Found { get; private set; }

    /// <summary>Takes text and appends to <paramref name="certain"/> what may be shown. After a stop string nothing may be.</summary>
    public void Append(ReadOnlySpan<char> text, StringBuilder certain)
    {
        if (Found is not null) return;
        foreach (char c in text)
        {
            held.Append(c);
            for (int s = 0; s < stops.Count; s++)
            {
                matched[s] = Next(stops[s], borders[s], matched[s], c);
                if (matched[s] == stops[s].Length && stops[s].Length > (Found?.Length ?? 0)) Found = stops[s];
            }
            if (Found is null) continue;
            held.Length -= Found.Length;
            Flush(certain);
            return;
        }
        int keep = 0;
        foreach (int characters in matched) keep = Math.Max(keep, characters);
        certain.Append(held, 0, held.Length - keep);
        held.Remove(0, held.Length - keep);
    }

    /// <summary>The text ends: what was held back belongs to it.</summary>
    public void Flush(StringBuilder certain)
    {
        certain.Append(held);
        held.Clear();
    }

    /// <summary>Length of the longest start of <paramref name="stop"/> that the text ends with after <paramref name="c"/>.</summary>
    static int Next(string stop, int[] border, int length, char c)
    {
        if (length == stop.Length) length = border[length];
        while (length > 0 && stop[length] != c) length = border[length];
        return stop[length] == c ? length + 1 : 0;
    }

    /// <summary>For each length n the longest proper border (both start and end) of the first n characters.</summary>
    static int[] Borders(string stop)
    {
        var border = new int[stop.Length + 1];
        for (int n = 2, length = 0; n <= stop.Length; n++)
        {
            while (length > 0 && stop[length] != stop[n - 1]) length = border[length];
            if (stop[length] == stop[n - 1]) length++;
            border[n] = length;
        }
        return border;
    }
}
