using System.Buffers;
using System.Text;

namespace Llama4.Core.Tokenization;

/// <summary>The control tokens by text and by id, and the search for their texts in a rendered prompt.</summary>
internal sealed class ControlTokens
{
    readonly string[] texts;    // in ordinal order: a text comes right before those that it begins
    readonly int[] ids;
    readonly SearchValues<char> firsts;
    readonly Dictionary<int, byte[]> bytesById = [];

    public ControlTokens(IReadOnlyDictionary<string, int> tokens)
    {
        texts = [.. tokens.Keys];
        Array.Sort(texts, StringComparer.Ordinal);
        ids = new int[texts.Length];
        for (int i = 0; i < texts.Length; i++)
        {
            ids[i] = tokens[texts[i]];
            bytesById.TryAdd(ids[i], Encoding.UTF8.GetBytes(texts[i]));
        }
        firsts = SearchValues.Create([.. texts.Select(text => text[0]).Distinct()]);
    }

    /// <summary>The largest id, or -1.</summary>
    public int LargestId => ids.Length == 0 ? -1 : ids.Max();

    public bool Contains(int id) => bytesById.ContainsKey(id);

    /// <summary>The text of a control token as UTF-8, or null.</summary>
    public byte[]? BytesOf(int id) => bytesById.GetValueOrDefault(id);

    public bool TryGet(string text, out int id)
    {
        int index = Array.BinarySearch(texts, text, StringComparer.Ordinal);
        id = index >= 0 ? ids[index] : -1;
        return index >= 0;
    }

    /// <summary>Finds the leftmost control token's text, of those that start there the longest.</summary>
    /// <returns>Whether there is one; its first character, length and id.</returns>
    public bool FindFirst(ReadOnlySpan<char> text, out int start, out int length, out int id)
    {
        for (start = 0; ; start++)
        {
            int skip = text[start..].IndexOfAny(firsts);
            if (skip < 0) break;
            start += skip;
            int index = LongestAt(text[start..]);
            if (index < 0) continue;
            length = texts[index].Length;
            id = ids[index];
            return true;
        }
        length = 0;
        id = -1;
        return false;
    }

    /// <summary>Index of the longest text that <paramref name="text"/> starts with, or -1. Narrows the sorted list one character at a time.</summary>
    int LongestAt(ReadOnlySpan<char> text)
    {
        int low = 0, high = texts.Length, found = -1;
        for (int depth = 0; low < high; depth++)
        {
            if (texts[low].Length == depth) found = low++;
            if (depth == text.Length) break;
            high = FirstAbove(text[depth], depth, low, high);
            low = text[depth] == 0 ? low : FirstAbove((char)(text[depth] - 1), depth, low, high);
        }
        return found;
    }

    /// <summary>First index in low..high whose character at <paramref name="depth"/> is above <paramref name="limit"/>, or high.</summary>
    int FirstAbove(char limit, int depth, int low, int high)
    {
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (texts[middle][depth] > limit) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
