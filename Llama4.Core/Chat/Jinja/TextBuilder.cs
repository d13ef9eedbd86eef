using System.Text;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Puts texts together and keeps, character by character, who wrote them.</summary>
sealed class TextBuilder(Budget budget)
{
    /// <summary>What a piece costs besides its characters.</summary>
    const int pieceCost = 4;

    readonly StringBuilder chars = new();
    readonly List<int> edges = [];
    bool startsTrusted, endsTrusted;

    public int Length => chars.Length;

    public void Append(ReadOnlySpan<char> added, bool trusted)
    {
        if (added.IsEmpty)
            return;
        budget.Characters(added.Length + pieceCost);
        if (added.Length > Limits.TextLength - chars.Length)
            throw new TemplateException($"a text of more than {Limits.TextLength} characters");
        if (chars.Length == 0)
            startsTrusted = trusted;
        else if (trusted != endsTrusted)
            edges.Add(chars.Length);
        endsTrusted = trusted;
        chars.Append(added);
    }

    public void Append(Text added) => Append(added, 0, added.Chars.Length);

    public void Append(Text added, int start, int length)
    {
        for (int at = start, end = start + length; at < end;)
        {
            int stop = Math.Min(end, added.RunEnd(at));
            Append(added.Chars.AsSpan(at, stop - at), added.IsTrustedAt(at));
            at = stop;
        }
    }

    /// <summary>Characters that neither the template nor a variable spelled out: digits of a number, quotes around an item.</summary>
    public void AppendMade(ReadOnlySpan<char> made) => Append(made, trusted: false);

    /// <summary>Padding.</summary>
    public void AppendMade(char filler, int count)
    {
        if (count > Limits.TextLength)
            throw new TemplateException($"a text of more than {Limits.TextLength} characters");
        AppendMade(new string(filler, count));
    }

    public Text ToText() => chars.Length == 0 ? Text.Empty : new Text(chars.ToString(), startsTrusted, [.. edges]);
}
