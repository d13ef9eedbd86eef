using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// A value of a template. The kinds of this folder are all there are: no object of the host can be reached. Values never change, save
/// <see cref="Namespace"/> and an <see cref="Iterator"/>'s being spent.
/// </summary>
abstract class Value
{
    /// <summary>Python's name of the type, for messages.</summary>
    public abstract string TypeName { get; }
}

/// <summary>A name or attribute that is not there: empty when printed, an error when used.</summary>
sealed class Undefined(string problem) : Value
{
    public override string TypeName => "Undefined";

    public TemplateException Error() => new(problem);
}

sealed class None : Value
{
    public static readonly None Value = new();

    public override string TypeName => "NoneType";
}

sealed class Bool : Value
{
    public static readonly Bool True = new(true), False = new(false);

    Bool(bool isTrue) => IsTrue = isTrue;

    public bool IsTrue { get; }

    public override string TypeName => "bool";

    public static Bool Of(bool value) => value ? True : False;
}

sealed class Int(BigInteger number) : Value
{
    public BigInteger Number { get; } = number;

    public override string TypeName => "int";
}

sealed class Float(double number) : Value
{
    public double Number { get; } = number;

    public override string TypeName => "float";
}

enum SequenceKind { List, Tuple, Range, Keys, Values, Items }

sealed class Sequence(SequenceKind kind, IReadOnlyList<Value> items) : Value
{
    public static Sequence List(IReadOnlyList<Value> items) => new(SequenceKind.List, items);

    public static Sequence Tuple(params IReadOnlyList<Value> items) => new(SequenceKind.Tuple, items);

    public SequenceKind Kind { get; } = kind;

    public IReadOnlyList<Value> Items { get; } = items;

    /// <summary>Whether it has positions; the views of a dict have none.</summary>
    public bool IsIndexed => Kind <= SequenceKind.Range;

    public override string TypeName => Kind switch
    {
        SequenceKind.List => "list",
        SequenceKind.Tuple => "tuple",
        SequenceKind.Range => "range",
        SequenceKind.Keys => "dict_keys",
        SequenceKind.Values => "dict_values",
        _ => "dict_items",
    };
}

/// <summary>What map, select and their like give: it can be walked once.</summary>
sealed class Iterator(IReadOnlyList<Value> items) : Value
{
    IReadOnlyList<Value> items = items;

    public override string TypeName => "generator";

    public IReadOnlyList<Value> Take()
    {
        IReadOnlyList<Value> taken = items;
        items = [];
        return taken;
    }
}

/// <summary>Keys in the order of their insertion.</summary>
sealed class Dict(OrderedDictionary<Value, Value> entries) : Value
{
    public OrderedDictionary<Value, Value> Entries { get; } = entries;

    public override string TypeName => "dict";

    public static OrderedDictionary<Value, Value> NewEntries() => new(KeyComparer.Instance);

    /// <summary>Keys are the caller's own words: never control tokens.</summary>
    public static Dict Of(params ReadOnlySpan<(string Key, Value Value)> entries)
    {
        OrderedDictionary<Value, Value> made = NewEntries();
        foreach ((string key, Value value) in entries)
            made[Text.Untrusted(key)] = value;
        return new Dict(made);
    }
}

/// <summary>The one value that a template can change.</summary>
sealed class Namespace : Value
{
    public Dictionary<string, Value> Attributes { get; } = [];

    public override string TypeName => "Namespace";
}

/// <summary>The variable "loop" inside for.</summary>
sealed class Loop(IReadOnlyList<Value> items) : Value
{
    public IReadOnlyList<Value> Items { get; } = items;

    public int Index { get; set; }

    public override string TypeName => "LoopContext";
}

/// <summary>A macro, a function of the language or a method bound to its value.</summary>
sealed class Callable(string name, Func<Budget, Arguments, Value> body) : Value
{
    public string Name { get; } = name;

    public override string TypeName => "function";

    public Value Call(Budget budget, Arguments arguments) => body(budget, arguments);
}
