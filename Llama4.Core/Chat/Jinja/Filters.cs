using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>The filters of "value | name(arguments)".</summary>
static class Filters
{
    sealed record Filter(IReadOnlyList<string> Parameters, Func<Budget, Value, Value?[], Value> Body);

    static readonly HashSet<string> refused =
    [
        "attr", "batch", "filesizeformat", "forceescape", "groupby", "pprint", "random", "slice", "striptags", "urlencode", "urlize",
        "wordwrap", "xmlattr",
    ];

    static readonly Dictionary<string, Filter> table = new()
    {
        ["abs"] = new([], (_, value, _) => Absolute(value)),
        ["capitalize"] = new([], (budget, value, _) => TextFunctions.Capitalize(budget, Printer.ToText(budget, value))),
        ["center"] = new(["width"], (budget, value, a) =>
            TextFunctions.Center(budget, Printer.ToText(budget, value), Methods.Whole("center", a[0], 80))),
        ["count"] = new([], (_, value, _) => new Int(Sequences.Length(value))),
        ["length"] = new([], (_, value, _) => new Int(Sequences.Length(value))),
        ["d"] = new(["default_value", "boolean"], Default),
        ["default"] = new(["default_value", "boolean"], Default),
        ["dictsort"] = new(["case_sensitive", "by", "reverse"], SequenceFilters.SortDict),
        ["e"] = new([], Escape),
        ["escape"] = new([], Escape),
        ["first"] = new([], (budget, value, _) =>
            Sequences.Items(budget, value) is [var first, ..] ? first : new Undefined("No first item, sequence was empty.")),
        ["float"] = new(["default"], ToFloat),
        ["indent"] = new(["width", "first", "blank"], Indent),
        ["int"] = new(["default", "base"], ToInt),
        ["items"] = new([], SequenceFilters.Items),
        ["join"] = new(["d", "attribute"], SequenceFilters.Join),
        ["last"] = new([], (budget, value, _) => value is Iterator
            ? throw new TemplateException("'generator' object is not reversible")
            : Sequences.Items(budget, value) is [.., var last] ? last : new Undefined("No last item, sequence was empty.")),
        ["list"] = new([], (budget, value, _) => Sequence.List(Sequences.Items(budget, value))),
        ["lower"] = new([], (budget, value, _) => TextFunctions.Cased(budget, Printer.ToText(budget, value), upper: false)),
        ["max"] = new(["case_sensitive", "attribute"], (budget, value, a) => SequenceFilters.Extreme(budget, value, a, largest: true)),
        ["min"] = new(["case_sensitive", "attribute"], (budget, value, a) => SequenceFilters.Extreme(budget, value, a, largest: false)),
        ["replace"] = new(["old", "new", "count"], Replace),
        ["reverse"] = new([], SequenceFilters.Reverse),
        ["round"] = new(["precision", "method"], Round),
        ["safe"] = new([], (budget, value, _) => Printer.ToText(budget, value)),
        ["sort"] = new(["reverse", "case_sensitive", "attribute"], SequenceFilters.Sort),
        ["string"] = new([], (budget, value, _) => Printer.ToText(budget, value)),
        ["sum"] = new(["attribute", "start"], SequenceFilters.Sum),
        ["title"] = new([], (budget, value, _) => TextFunctions.TitleWords(budget, Printer.ToText(budget, value))),
        ["tojson"] = new(["ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
        ["trim"] = new(["chars"], (budget, value, a) =>
            TextFunctions.Strip(budget, Printer.ToText(budget, value), Methods.OptionalText("trim", a[0]))),
        ["truncate"] = new(["length", "killwords", "end", "leeway"], (budget, value, a) => TextFunctions.Truncate(
            budget, Methods.NeedText("truncate", value), Methods.Whole("truncate", a[0], 255), Flag(a[1]),
            Methods.OptionalText("truncate", a[2]) ?? Text.Trusted("..."), Methods.Whole("truncate", a[3], 5))),
        ["unique"] = new(["case_sensitive", "attribute"], SequenceFilters.Unique),
        ["upper"] = new([], (budget, value, _) => TextFunctions.Cased(budget, Printer.ToText(budget, value), upper: true)),
        ["wordcount"] = new([], (budget, value, _) => WordCount(budget, Printer.ToText(budget, value))),
    };

    public static Value Apply(Budget budget, string name, Value value, Arguments arguments)
    {
        budget.Steps();
        switch (name)
        {
            case "map": return SequenceFilters.Map(budget, value, arguments);
            case "select" or "reject": return SequenceFilters.Select(budget, value, arguments, keep: name == "select");
            case "selectattr" or "rejectattr": return SequenceFilters.SelectAttribute(budget, value, arguments, keep: name == "selectattr");
            case "format": return Formatting.Percent(budget, Printer.ToText(budget, value), arguments.Positional, Named(arguments));
        }
        if (table.TryGetValue(name, out Filter? filter))
            return filter.Body(budget, value, arguments.Bind($"filter '{name}'", filter.Parameters));
        throw refused.Contains(name)
            ? TemplateException.NotSupported($"filter '{name}'")
            : new TemplateException($"No filter named '{name}'.");
    }

    public static bool Flag(Value? value) => value is not null && Operators.IsTrue(value);

    static Dict? Named(Arguments arguments)
    {
        if (arguments.Named.Count == 0)
            return null;
        OrderedDictionary<Value, Value> entries = Dict.NewEntries();
        foreach ((string name, Value value) in arguments.Named)
            entries[Text.Trusted(name)] = value;
        return new Dict(entries);
    }

    static Value Absolute(Value value) => value switch
    {
        Float { Number: var number } => new Float(Math.Abs(number)),
        Int or Bool => new Int(BigInteger.Abs(Numbers.ToInteger(value))),
        _ => throw new TemplateException($"bad operand type for abs(): '{value.TypeName}'"),
    };

    static Value Default(Budget budget, Value value, Value?[] arguments) =>
        value is Undefined || (Flag(arguments[1]) && !Operators.IsTrue(value)) ? arguments[0] ?? Text.Empty : value;

    static Text Escape(Budget budget, Value value, Value?[] arguments)
    {
        Text text = Printer.ToText(budget, value);
        var output = new TextBuilder(budget);
        for (int at = 0; at < text.Chars.Length; at++)
        {
            switch (text.Chars[at])
            {
                case '&': output.AppendMade("&amp;"); break;
                case '<': output.AppendMade("&lt;"); break;
                case '>': output.AppendMade("&gt;"); break;
                case '\'': output.AppendMade("&#39;"); break;
                case '"': output.AppendMade("&#34;"); break;
                default: output.Append(text, at, 1); break;
            }
        }
        return output.ToText();
    }

    static Text Replace(Budget budget, Value value, Value?[] arguments)
    {
        if (arguments[0] is not { } old || arguments[1] is not { } replacement)
            throw new TemplateException("filter 'replace' needs what to replace, and by what");
        return TextFunctions.Replace(budget, Printer.ToText(budget, value), Printer.ToText(budget, old), Printer.ToText(budget, replacement),
            Methods.Whole("replace", arguments[2], -1));
    }

    static Value ToFloat(Budget budget, Value value, Value?[] arguments)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        double? number = Numbers.IsNumber(value) ? Numbers.ToDouble(value) : value is Text text ? Numbers.ParseFloat(text.Chars) : null;
        return number is { } parsed ? new Float(parsed) : arguments[0] ?? new Float(0);
    }

    static Value ToInt(Budget budget, Value value, Value?[] arguments)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        Value fallback = arguments[0] ?? new Int(0);
        if (Numbers.IsWhole(value))
            return new Int(Numbers.ToInteger(value));
        int numberBase = Methods.Whole("int", arguments[1], 10);
        if (numberBase is < 2 or > 36)
            throw new TemplateException("int() base must be >= 2 and <= 36");
        if (value is Text text && Numbers.ParseInteger(text.Chars, numberBase) is { } whole)
            return new Int(whole);
        double? number = value is Float ? Numbers.ToDouble(value) : value is Text digits ? Numbers.ParseFloat(digits.Chars) : null;
        return number is { } parsed && double.IsFinite(parsed) ? new Int(new BigInteger(parsed)) : fallback;
    }

    static Value Round(Budget budget, Value value, Value?[] arguments)
    {
        if (!Numbers.IsNumber(value))
            throw new TemplateException($"filter 'round' needs a number, got {value.TypeName}");
        int places = Methods.Whole("round", arguments[0], 0);
        string method = arguments[1] is null ? "common" : Methods.NeedText("round", arguments[1]).Chars;
        double scale = Math.Pow(10, places);
        return method switch
        {
            "common" when Numbers.IsWhole(value) =>
                new Int(places >= 0 ? Numbers.ToInteger(value) : new BigInteger(Numbers.Round(Numbers.ToDouble(value), places))),
            "common" => new Float(Numbers.Round(Numbers.ToDouble(value), places)),
            "ceil" => new Float(Math.Ceiling(Numbers.ToDouble(value) * scale) / scale),
            "floor" => new Float(Math.Floor(Numbers.ToDouble(value) * scale) / scale),
            _ => throw new TemplateException("method must be common, ceil or floor"),
        };
    }

    static Text Indent(Budget budget, Value value, Value?[] arguments)
    {
        Text indent = arguments[0] as Text ?? (Text)Sequences.Repeat(budget, Text.Untrusted(" "), Methods.Whole("indent", arguments[0], 4));
        return TextFunctions.Indent(budget, Methods.NeedText("indent", value), indent, Flag(arguments[1]), Flag(arguments[2]));
    }

    static Int WordCount(Budget budget, Text text)
    {
        budget.Characters(text.Chars.Length);
        int words = 0;
        bool inside = false;
        foreach (char character in text.Chars)
        {
            bool letter = char.IsLetterOrDigit(character) || character == '_';
            words += letter && !inside ? 1 : 0;
            inside = letter;
        }
        return new Int(words);
    }

    static Text ToJson(Budget budget, Value value, Value?[] arguments)
    {
        string? indent = arguments[1] switch
        {
            null or None => null,
            Text text => text.Chars,
            Value width => new string(' ', Math.Clamp(Methods.Whole("tojson", width, 0), 0, 1000)),
        };
        IReadOnlyList<Value> separators = arguments[2] is null or None ? [] : Sequences.Items(budget, arguments[2]!);
        if (separators.Count is not (0 or 2))
            throw new TemplateException("tojson: separators are two texts");
        string? item = separators.Count == 0 ? null : Methods.NeedText("tojson", separators[0]).Chars;
        string? key = separators.Count == 0 ? null : Methods.NeedText("tojson", separators[1]).Chars;
        var output = new TextBuilder(budget);
        Json.Write(budget, output, value, new Json.Layout(indent, item, key, Flag(arguments[3]), Flag(arguments[0])));
        return output.ToText();
    }
}
