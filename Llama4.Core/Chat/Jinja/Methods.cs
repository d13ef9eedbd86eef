using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// Attributes of values: value.name. There is nothing but these tables, the keys of a dict and the attributes of a namespace or a loop.
/// </summary>
static class Methods
{
    sealed record Method(IReadOnlyList<string> Parameters, Func<Budget, Text, Value?[], Value> Body);

    static readonly Dictionary<string, Method> texts = new()
    {
        ["strip"] = new(["chars"], (budget, text, a) => TextFunctions.Strip(budget, text, OptionalText("strip", a[0]))),
        ["lstrip"] = new(["chars"], (budget, text, a) => TextFunctions.Strip(budget, text, OptionalText("lstrip", a[0]), right: false)),
        ["rstrip"] = new(["chars"], (budget, text, a) => TextFunctions.Strip(budget, text, OptionalText("rstrip", a[0]), left: false)),
        ["upper"] = new([], (budget, text, _) => TextFunctions.Cased(budget, text, upper: true)),
        ["lower"] = new([], (budget, text, _) => TextFunctions.Cased(budget, text, upper: false)),
        ["title"] = new([], (budget, text, _) => TextFunctions.Title(budget, text)),
        ["capitalize"] = new([], (budget, text, _) => TextFunctions.Capitalize(budget, text)),
        ["replace"] = new(["old", "new", "count"], (budget, text, a) =>
            TextFunctions.Replace(budget, text, NeedText("replace", a[0]), NeedText("replace", a[1]), Whole("replace", a[2], -1))),
        ["split"] = new(["sep", "maxsplit"], (budget, text, a) =>
            TextFunctions.Split(budget, text, OptionalText("split", a[0]), Whole("split", a[1], -1), fromRight: false)),
        ["rsplit"] = new(["sep", "maxsplit"], (budget, text, a) =>
            TextFunctions.Split(budget, text, OptionalText("rsplit", a[0]), Whole("rsplit", a[1], -1), fromRight: true)),
        ["splitlines"] = new([], (budget, text, _) => TextFunctions.SplitLines(budget, text)),
        ["join"] = new(["iterable"], (budget, text, a) => Join(budget, text, a[0])),
        ["startswith"] = new(["prefix"], (budget, text, a) => Bool.Of(HasAffix(budget, "startswith", text, a[0], atEnd: false))),
        ["endswith"] = new(["suffix"], (budget, text, a) => Bool.Of(HasAffix(budget, "endswith", text, a[0], atEnd: true))),
        ["removeprefix"] = new(["prefix"], (budget, text, a) => RemoveAffix(budget, text, NeedText("removeprefix", a[0]), atEnd: false)),
        ["removesuffix"] = new(["suffix"], (budget, text, a) => RemoveAffix(budget, text, NeedText("removesuffix", a[0]), atEnd: true)),
        ["find"] = new(["sub"], (budget, text, a) => new Int(TextFunctions.Find(budget, text, NeedText("find", a[0]), last: false))),
        ["rfind"] = new(["sub"], (budget, text, a) => new Int(TextFunctions.Find(budget, text, NeedText("rfind", a[0]), last: true))),
        ["index"] = new(["sub"], (budget, text, a) =>
            TextFunctions.Find(budget, text, NeedText("index", a[0]), last: false) is >= 0 and var at
                ? new Int(at)
                : throw new TemplateException("substring not found")),
        ["count"] = new(["sub"], (budget, text, a) => new Int(TextFunctions.Count(budget, text, NeedText("count", a[0])))),
        ["isdigit"] = new([], (budget, text, _) => All(budget, text, char.IsDigit)),
        ["isalpha"] = new([], (budget, text, _) => All(budget, text, char.IsLetter)),
        ["isalnum"] = new([], (budget, text, _) =>
            All(budget, text, character => char.IsLetterOrDigit(character) || char.IsNumber(character))),
        ["isspace"] = new([], (budget, text, _) => All(budget, text, CodePoints.IsSpace)),
        ["isupper"] = new([], (_, text, _) => Bool.Of(Tests.IsUpper(text))),
        ["islower"] = new([], (_, text, _) => Bool.Of(Tests.IsLower(text))),
    };

    /// <summary>Null when there is no such attribute.</summary>
    public static Value? Find(Budget budget, Value value, string name)
    {
        budget.Steps();
        switch (value)
        {
            case Undefined undefined:
                throw undefined.Error();
            case Text text when name == "format":
                return new Callable(name, (running, arguments) => Formatting.Braces(running, text, arguments));
            case Text text when texts.TryGetValue(name, out Method? method):
                return new Callable(name, (running, arguments) => method.Body(running, text, arguments.Bind(name, method.Parameters)));
            case Dict dict:
                return OfDict(dict, name);
            case Sequence { Kind: <= SequenceKind.Tuple } sequence when name is "index" or "count":
                return new Callable(name, (running, arguments) => InSequence(running, sequence, name, arguments));
            case Namespace space:
                return space.Attributes.GetValueOrDefault(name);
            case Loop loop:
                return OfLoop(loop, name);
            case Int or Float when name == "real":
                return value;
            default:
                return null;
        }
    }

    public static Undefined Missing(Value value, string name) => new($"'{value.TypeName} object' has no attribute '{name}'");

    public static Text NeedText(string callee, Value? value) => value as Text
        ?? throw new TemplateException($"{callee}: expected a str, got {(value is null ? "nothing" : value.TypeName)}");

    public static int Whole(string callee, Value? value, int ifAbsent)
    {
        if (value is null or None)
            return ifAbsent;
        if (!Numbers.IsWhole(value))
            throw new TemplateException($"{callee}: expected an int, got {value.TypeName}");
        BigInteger number = Numbers.ToInteger(value);
        return BigInteger.Abs(number) <= Limits.TextLength
            ? (int)number
            : throw new TemplateException($"{callee}: {number} is out of range");
    }

    public static Text? OptionalText(string callee, Value? value) => value is null or None ? null : NeedText(callee, value);

    static Text Join(Budget budget, Text separator, Value? items)
    {
        IReadOnlyList<Value> texts = Sequences.Items(budget, items ?? throw new TemplateException("join needs an argument"));
        foreach (Value item in texts)
            NeedText("join", item);
        return TextFunctions.Join(budget, separator, texts);
    }

    static bool HasAffix(Budget budget, string callee, Text text, Value? affix, bool atEnd)
    {
        if (affix is Sequence { Kind: SequenceKind.Tuple } choices)
            return choices.Items.Any(choice => HasAffix(budget, callee, text, NeedText(callee, choice), atEnd));
        string chars = NeedText(callee, affix).Chars;
        budget.Characters(chars.Length);
        return atEnd ? text.Chars.EndsWith(chars, StringComparison.Ordinal) : text.Chars.StartsWith(chars, StringComparison.Ordinal);
    }

    static Text RemoveAffix(Budget budget, Text text, Text affix, bool atEnd)
    {
        if (!HasAffix(budget, "", text, affix, atEnd))
            return text;
        return text.Part(budget, atEnd ? 0 : affix.Chars.Length, text.Chars.Length - affix.Chars.Length);
    }

    static Bool All(Budget budget, Text text, Func<char, bool> holds)
    {
        budget.Characters(text.Chars.Length);
        return Bool.Of(text.Chars.Length > 0 && text.Chars.All(holds));
    }

    static Value? OfDict(Dict dict, string name) => name switch
    {
        "get" => new Callable(name, (budget, arguments) =>
        {
            Value?[] bound = arguments.Bind(name, ["key", "default"]);
            Value key = bound[0] ?? throw new TemplateException("get needs a key");
            return dict.Entries.GetValueOrDefault(KeyComparer.Checked(budget, key)) ?? bound[1] ?? None.Value;
        }),
        "keys" => View(dict, SequenceKind.Keys, entry => entry.Key),
        "values" => View(dict, SequenceKind.Values, entry => entry.Value),
        "items" => View(dict, SequenceKind.Items, entry => Sequence.Tuple(entry.Key, entry.Value)),
        _ => null,
    };

    static Callable View(Dict dict, SequenceKind kind, Func<KeyValuePair<Value, Value>, Value> part) =>
        new(kind.ToString(), (budget, arguments) =>
        {
            arguments.Bind(kind.ToString(), []);
            budget.Items(dict.Entries.Count);
            return new Sequence(kind, [.. dict.Entries.Select(part)]);
        });

    static Value InSequence(Budget budget, Sequence sequence, string name, Arguments arguments)
    {
        Value sought = arguments.Bind(name, ["value"])[0] ?? throw new TemplateException($"{name} needs an argument");
        int count = 0;
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            if (!Operators.AreEqual(budget, sequence.Items[i], sought))
                continue;
            if (name == "index")
                return new Int(i);
            count++;
        }
        return name == "count" ? new Int(count) : throw new TemplateException("the value is not in the list");
    }

    static Value OfLoop(Loop loop, string name) => name switch
    {
        "index" => new Int(loop.Index + 1),
        "index0" => new Int(loop.Index),
        "revindex" => new Int(loop.Items.Count - loop.Index),
        "revindex0" => new Int(loop.Items.Count - loop.Index - 1),
        "first" => Bool.Of(loop.Index == 0),
        "last" => Bool.Of(loop.Index == loop.Items.Count - 1),
        "length" => new Int(loop.Items.Count),
        "previtem" => loop.Index > 0 ? loop.Items[loop.Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => loop.Index < loop.Items.Count - 1 ? loop.Items[loop.Index + 1] : new Undefined("there is no next item"),
        "cycle" => new Callable(name, (_, arguments) => arguments.Positional.Count > 0
            ? arguments.Positional[loop.Index % arguments.Positional.Count]
            : throw new TemplateException("no items for cycling given")),
        _ => throw TemplateException.NotSupported($"loop.{name}"),
    };
}
