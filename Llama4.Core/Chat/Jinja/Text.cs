namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// A string that knows which of its characters the template itself wrote. Lengths and indices that a template sees count code points, as
/// Python's do; a lone surrogate counts as one.
/// </summary>
sealed class Text : Value
{
    public static readonly Text Empty = Trusted("");

    readonly bool startsTrusted;
    readonly int[] edges;   // where trust flips: ascending, inside (0, Chars.Length)
    int[]? offsets;         // of the code points and of the end; made when asked for

    public Text(string chars, bool startsTrusted, int[] edges)
    {
        Chars = chars;
        this.startsTrusted = startsTrusted;
        this.edges = edges;
    }

    public static Text Trusted(string chars) => new(chars, true, []);

    public static Text Untrusted(string chars) => new(chars, false, []);

    public override string TypeName => "str";

    public string Chars { get; }

    /// <summary>Code points.</summary>
    public int Length => HasPairs ? Offsets.Length - 1 : Chars.Length;

    /// <summary>UTF-16 index of a code point, or of the end.</summary>
    public int OffsetOf(int codePoint) => HasPairs ? Offsets[codePoint] : codePoint;

    /// <summary>The code point at a UTF-16 index, counted from the start.</summary>
    public int CodePointAt(int offset)
    {
        if (!HasPairs)
            return offset;
        int found = Array.BinarySearch(Offsets, offset);
        return found >= 0 ? found : ~found - 1;
    }

    public bool IsTrustedAt(int offset) => startsTrusted ^ (EdgesUpTo(offset) % 2 == 1);

    /// <summary>End of the run of equal trust around a UTF-16 index.</summary>
    public int RunEnd(int offset)
    {
        int edge = EdgesUpTo(offset);
        return edge < edges.Length ? edges[edge] : Chars.Length;
    }

    /// <summary>The part of <paramref name="length"/> UTF-16 units at <paramref name="start"/>.</summary>
    public Text Part(Budget budget, int start, int length)
    {
        if (length == Chars.Length)
            return this;
        var part = new TextBuilder(budget);
        part.Append(this, start, length);
        return part.ToText();
    }

    public IReadOnlyList<TemplateSpan> ToSpans()
    {
        List<TemplateSpan> spans = [];
        for (int at = 0; at < Chars.Length; at = RunEnd(at))
            spans.Add(new TemplateSpan(Chars[at..RunEnd(at)], IsTrustedAt(at)));
        return spans;
    }

    bool HasPairs => Offsets.Length > 0;

    int[] Offsets => offsets ??= FindOffsets();

    int[] FindOffsets()
    {
        if (Chars.AsSpan().IndexOfAnyInRange('\ud800', '\udbff') < 0)
            return [];
        List<int> found = new(Chars.Length);
        for (int at = 0; at < Chars.Length; at += CodePoints.LengthAt(Chars, at))
            found.Add(at);
        found.Add(Chars.Length);
        return found.Count - 1 == Chars.Length ? [] : [.. found];
    }

    int EdgesUpTo(int offset)
    {
        int found = Array.BinarySearch(edges, offset);
        return found >= 0 ? found + 1 : ~found;
    }
}
