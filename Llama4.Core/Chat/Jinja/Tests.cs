using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>The tests of "x is NAME" and of the filters select and reject.</summary>
static class Tests
{
    static readonly Dictionary<string, (int Arguments, Func<Budget, Value, Value?[], bool> Holds)> table = new()
    {
        ["defined"] = (0, (_, value, _) => value is not Undefined),
        ["undefined"] = (0, (_, value, _) => value is Undefined),
        ["none"] = (0, (_, value, _) => value is None),
        ["boolean"] = (0, (_, value, _) => value is Bool),
        ["true"] = (0, (_, value, _) => value == Bool.True),
        ["false"] = (0, (_, value, _) => value == Bool.False),
        ["integer"] = (0, (_, value, _) => value is Int),
        ["float"] = (0, (_, value, _) => value is Float),
        ["number"] = (0, (_, value, _) => Numbers.IsNumber(value)),
        ["string"] = (0, (_, value, _) => value is Text),
        ["mapping"] = (0, (_, value, _) => value is Dict),
        ["sequence"] = (0, (_, value, _) => value is Text or Dict or Undefined or Sequence { IsIndexed: true }),
        ["iterable"] = (0, (_, value, _) => value is Text or Dict or Undefined or Sequence or Iterator or Loop),
        ["callable"] = (0, (_, value, _) => value is Callable),
        ["lower"] = (0, (budget, value, _) => IsCased(Printer.ToText(budget, value), upper: false)),
        ["upper"] = (0, (budget, value, _) => IsCased(Printer.ToText(budget, value), upper: true)),
        ["odd"] = (0, (budget, value, _) => IsRemainder(budget, value, new Int(2), 1)),
        ["even"] = (0, (budget, value, _) => IsRemainder(budget, value, new Int(2), 0)),
        ["divisibleby"] = (1, (budget, value, arguments) => IsRemainder(budget, value, arguments[0]!, 0)),
        ["sameas"] = (1, (budget, value, arguments) => ReferenceEquals(value, arguments[0])
            || (value is Int && arguments[0] is Int && Operators.AreEqual(budget, value, arguments[0]!))),
        ["in"] = Compares("in"),
        ["eq"] = Compares("=="), ["equalto"] = Compares("=="), ["=="] = Compares("=="),
        ["ne"] = Compares("!="), ["!="] = Compares("!="),
        ["lt"] = Compares("<"), ["lessthan"] = Compares("<"), ["<"] = Compares("<"),
        ["le"] = Compares("<="), ["<="] = Compares("<="),
        ["gt"] = Compares(">"), ["greaterthan"] = Compares(">"), [">"] = Compares(">"),
        ["ge"] = Compares(">="), [">="] = Compares(">="),
    };

    public static bool Holds(Budget budget, string name, Value value, Arguments arguments)
    {
        budget.Steps();
        if (!table.TryGetValue(name, out (int Arguments, Func<Budget, Value, Value?[], bool> Holds) test))
            throw name is "escaped" or "filter" or "test"
                ? TemplateException.NotSupported($"test '{name}'")
                : new TemplateException($"No test named '{name}'.");
        if (arguments.Positional.Count != test.Arguments || arguments.Named.Count > 0)
            throw new TemplateException($"test '{name}' takes {test.Arguments} argument(s)");
        return test.Holds(budget, value, [.. arguments.Positional]);
    }

    static (int, Func<Budget, Value, Value?[], bool>) Compares(string @operator) =>
        (1, (budget, value, arguments) => Operators.Holds(budget, @operator, value, arguments[0]!));

    static bool IsRemainder(Budget budget, Value value, Value divisor, BigInteger rest)
    {
        if (value is Text)
            throw new TemplateException("a number is required, not str");
        return Operators.AreEqual(budget, Operators.Compute(budget, "%", value, divisor), new Int(rest));
    }

    /// <summary>At least one letter has the case, none has the other.</summary>
    static bool IsCased(Text text, bool upper)
    {
        bool any = false;
        for (int at = 0; at < text.Chars.Length; at += CodePoints.LengthAt(text.Chars, at))
        {
            if (CodePoints.IsCased(text.Chars, at, !upper))
                return false;
            any |= CodePoints.IsCased(text.Chars, at, upper);
        }
        return any;
    }

    /// <summary>For str.isupper and str.islower.</summary>
    public static bool IsUpper(Text text) => IsCased(text, upper: true);

    public static bool IsLower(Text text) => IsCased(text, upper: false);
}
