using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// What one rendering has left, and where it is. Every operation whose cost depends on its operands pays here before it works.
/// </summary>
sealed class Budget(int steps = Limits.Steps)
{
    const int charactersPerStep = 64;

    long left = (long)steps * charactersPerStep;
    int walk;

    /// <summary>Source line of the node evaluated last.</summary>
    public int Line { get; set; } = 1;

    public void Steps(int count = 1) => Characters((long)count * charactersPerStep);

    public void Characters(long count)
    {
        left -= count;
        if (left < 0)
            throw new TemplateException($"more than {steps} steps");
    }

    /// <summary>A search for so many characters in so many others: the worst case is their product.</summary>
    public void Search(int haystack, int needle) => Characters(haystack * (1L + needle / charactersPerStep));

    /// <summary>A list or dict is about to be made.</summary>
    public void Items(long count)
    {
        if (count > Limits.Items)
            throw new TemplateException($"{count} items in one list, dict or range (at most {Limits.Items})");
        Steps((int)count);
    }

    /// <summary>A whole number was made.</summary>
    public static BigInteger Checked(BigInteger value) =>
        value.GetBitLength() <= Limits.IntegerBits
            ? value
            : throw new TemplateException($"a whole number of {value.GetBitLength()} bits (at most {Limits.IntegerBits})");

    public void Enter()
    {
        Steps();
        if (++walk > Limits.Walk)
            throw new TemplateException($"nested deeper than {Limits.Walk} nodes, macro calls included");
    }

    public void Leave() => walk--;

    /// <summary>For recursion over values: lists in lists.</summary>
    public static int Deeper(int depth) =>
        depth < Limits.Nesting ? depth + 1 : throw new TemplateException($"a value nested deeper than {Limits.Nesting}");
}
