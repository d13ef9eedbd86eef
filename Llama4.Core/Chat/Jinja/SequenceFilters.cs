using System.Globalization;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Filters over lists and dicts.</summary>
static class SequenceFilters
{
    public static Value Map(Budget budget, Value value, Arguments arguments)
    {
        if (arguments.Positional.Count == 0)
        {
            Value?[] named = arguments.Bind("map", ["attribute", "default"]);
            Text attribute = Methods.NeedText("map", named[0]);
            return Each(budget, OrNothing(value), item =>
            {
                Value found = Attribute(budget, item, attribute);
                return found is Undefined ? named[1] ?? found : found;
            });
        }
        (Value first, Arguments rest) = arguments.Split("map");
        string name = Methods.NeedText("map", first).Chars;
        return Each(budget, OrNothing(value), item => Filters.Apply(budget, name, item, rest));
    }

    public static Value Select(Budget budget, Value value, Arguments arguments, bool keep) =>
        Where(budget, OrNothing(value), item => Passes(budget, item, arguments) == keep);

    public static Value SelectAttribute(Budget budget, Value value, Arguments arguments, bool keep)
    {
        (Value first, Arguments rest) = arguments.Split("selectattr");
        return Where(budget, OrNothing(value), item => Passes(budget, Attribute(budget, item, first), rest) == keep);
    }

    public static Value Join(Budget budget, Value value, Value?[] arguments)
    {
        Value items = arguments[1] is null or None ? value : Each(budget, value, item => Attribute(budget, item, arguments[1]!));
        return TextFunctions.Join(budget, Printer.ToText(budget, arguments[0] ?? Text.Empty), Sequences.Items(budget, items));
    }

    public static Value Items(Budget budget, Value value, Value?[] arguments) => value switch
    {
        Undefined => new Iterator([]),
        Dict dict => Each(budget, dict, key => Sequence.Tuple(key, dict.Entries[key])),
        _ => throw new TemplateException("Can only get item pairs from a mapping."),
    };

    public static Value Reverse(Budget budget, Value value, Value?[] arguments)
    {
        if (value is Text)
            return Sequences.Slice(budget, value, None.Value, None.Value, new Int(-1));
        IReadOnlyList<Value> items = Sequences.Items(budget, value);
        budget.Items(items.Count);
        return new Iterator([.. items.Reverse()]);
    }

    public static Value Sort(Budget budget, Value value, Value?[] arguments)
    {
        Func<Value, Value> key = Key(budget, Filters.Flag(arguments[1]), arguments[2]);
        return Sequence.List(Sorted(budget, Sequences.Items(budget, value), Filters.Flag(arguments[0]), key));
    }

    public static Value SortDict(Budget budget, Value value, Value?[] arguments)
    {
        if (value is not Dict dict)
            throw new TemplateException($"dictsort needs a mapping, got {value.TypeName}");
        string by = arguments[1] is null ? "key" : Methods.NeedText("dictsort", arguments[1]).Chars;
        if (by is not ("key" or "value"))
            throw new TemplateException("You can only sort by either 'key' or 'value'");
        IReadOnlyList<Value> pairs = ((Iterator)Items(budget, dict, [])).Take();
        Func<Value, Value> key = Key(budget, Filters.Flag(arguments[0]), new Int(by == "key" ? 0 : 1));
        return Sequence.List(Sorted(budget, pairs, Filters.Flag(arguments[2]), key));
    }

    public static Value Unique(Budget budget, Value value, Value?[] arguments)
    {
        Func<Value, Value> key = Key(budget, Filters.Flag(arguments[0]), arguments[1]);
        HashSet<Value> seen = new(KeyComparer.Instance);
        return Where(budget, value, item => seen.Add(KeyComparer.Checked(budget, key(item))));
    }

    public static Value Extreme(Budget budget, Value value, Value?[] arguments, bool largest)
    {
        Func<Value, Value> key = Key(budget, Filters.Flag(arguments[0]), arguments[1]);
        Value? best = null;
        foreach (Value item in Sequences.Items(budget, value))
            if (best is null || Operators.Holds(budget, largest ? ">" : "<", key(item), key(best)))
                best = item;
        return best ?? new Undefined("No aggregated item, sequence was empty.");
    }

    public static Value Sum(Budget budget, Value value, Value?[] arguments)
    {
        Value sum = arguments[1] ?? new Int(0);
        foreach (Value item in Sequences.Items(budget, value))
            sum = Operators.Compute(budget, "+", sum, arguments[0] is null or None ? item : Attribute(budget, item, arguments[0]!));
        return sum;
    }

    /// <summary>item.a.0.b for the attribute "a.0.b".</summary>
    static Value Attribute(Budget budget, Value item, Value attribute)
    {
        if (Numbers.IsWhole(attribute))
            return Access.Subscript(budget, item, attribute);
        foreach (string part in Methods.NeedText("attribute", attribute).Chars.Split('.'))
        {
            bool isIndex = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int index);
            item = Access.Subscript(budget, item, isIndex ? new Int(index) : Text.Trusted(part));
        }
        return item;
    }

    /// <summary>For map, select and their like "none" and "false" have no items; other filters refuse them.</summary>
    static Value OrNothing(Value value) => Operators.IsTrue(value) ? value : new Iterator([]);

    static bool Passes(Budget budget, Value item, Arguments arguments)
    {
        if (arguments.Positional.Count == 0)
            return Operators.IsTrue(item);
        (Value name, Arguments rest) = arguments.Split("select");
        return Tests.Holds(budget, Methods.NeedText("select", name).Chars, item, rest);
    }

    static Iterator Each(Budget budget, Value value, Func<Value, Value> change)
    {
        IReadOnlyList<Value> items = Sequences.Items(budget, value);
        budget.Items(items.Count);
        return new Iterator([.. items.Select(change)]);
    }

    static Iterator Where(Budget budget, Value value, Func<Value, bool> keep)
    {
        IReadOnlyList<Value> items = Sequences.Items(budget, value);
        budget.Items(items.Count);
        return new Iterator([.. items.Where(keep)]);
    }

    static Func<Value, Value> Key(Budget budget, bool caseSensitive, Value? attribute) => item =>
    {
        Value key = attribute is null or None ? item : Attribute(budget, item, attribute);
        return key is Text text && !caseSensitive ? TextFunctions.Cased(budget, text, upper: false) : key;
    };

    static Value[] Sorted(Budget budget, IReadOnlyList<Value> items, bool descending, Func<Value, Value> key)
    {
        budget.Items(items.Count);
        return Sorting.Sort(items, (a, b) => descending
            ? Operators.Compare(budget, "<", key(b), key(a)) ?? 0
            : Operators.Compare(budget, "<", key(a), key(b)) ?? 0);
    }
}
