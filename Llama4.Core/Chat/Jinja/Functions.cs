using System.Globalization;
using System.Numerics;
using System.Text;

namespace Llama4.Core.Chat.Jinja;

/// <summary>The functions that every template sees.</summary>
static class Functions
{
    static readonly HashSet<string> refused = ["cycler", "joiner", "lipsum", "caller", "varargs", "kwargs", "self", "super"];

    /// <param name="clock">What strftime_now reads.</param>
    public static Dictionary<string, Value> Create(TimeProvider clock) => new()
    {
        ["range"] = new Callable("range", Range),
        ["dict"] = new Callable("dict", (budget, arguments) => new Dict(Entries(budget, "dict", arguments))),
        ["namespace"] = new Callable("namespace", MakeNamespace),
        ["raise_exception"] = new Callable("raise_exception", (budget, arguments) =>
            throw new TemplateException(Printer.ToText(budget, arguments.Bind("raise_exception", ["message"])[0] ?? None.Value).Chars)),
        ["strftime_now"] = new Callable("strftime_now", (budget, arguments) =>
            FormatTime(budget, Methods.NeedText("strftime_now", arguments.Bind("strftime_now", ["format"])[0]), clock.GetLocalNow())),
    };

    /// <summary>Names of the language that we know and do not have.</summary>
    public static bool IsRefused(string name) => refused.Contains(name);

    static Value Range(Budget budget, Arguments arguments)
    {
        Value?[] given = arguments.Bind("range", ["start", "stop", "step"]);
        if (given[0] is null || given.Any(value => value is not null && !Numbers.IsWhole(value)))
            throw new TemplateException("range needs one to three whole numbers");
        BigInteger start = given[1] is null ? 0 : Numbers.ToInteger(given[0]!), stop = Numbers.ToInteger(given[1] ?? given[0]!);
        BigInteger step = given[2] is null ? 1 : Numbers.ToInteger(given[2]!);
        if (step.IsZero)
            throw new TemplateException("range() arg 3 must not be zero");
        BigInteger count = BigInteger.Max(0, (stop - start + step - step.Sign) / step);
        budget.Items((long)BigInteger.Min(count, long.MaxValue));
        var items = new Value[(int)count];
        for (int i = 0; i < items.Length; i++)
            items[i] = new Int(start + i * step);
        return new Sequence(SequenceKind.Range, items);
    }

    static Namespace MakeNamespace(Budget budget, Arguments arguments)
    {
        var made = new Namespace();
        foreach ((Value key, Value value) in Entries(budget, "namespace", arguments))
            made.Attributes[Methods.NeedText("namespace", key).Chars] = value;
        return made;
    }

    /// <summary>A dict to start from, if given, and the keyword arguments.</summary>
    static OrderedDictionary<Value, Value> Entries(Budget budget, string callee, Arguments arguments)
    {
        OrderedDictionary<Value, Value> entries = Dict.NewEntries();
        Value? start = new Arguments(arguments.Positional, []).Bind(callee, ["entries"])[0];
        if (start is not (null or Dict))
            throw TemplateException.NotSupported($"{callee}({start.TypeName})");
        budget.Items(arguments.Named.Count + (start is Dict { Entries.Count: var count } ? count : 0));
        if (start is Dict dict)
            foreach ((Value key, Value value) in dict.Entries)
                entries[key] = value;
        foreach ((string name, Value value) in arguments.Named)
            entries[Text.Trusted(name)] = value;
        return entries;
    }

    static Text FormatTime(Budget budget, Text format, DateTimeOffset now)
    {
        var output = new TextBuilder(budget);
        string chars = format.Chars;
        for (int at = 0; at < chars.Length; at++)
        {
            if (chars[at] != '%')
            {
                output.Append(format, at, 1);
                continue;
            }
            string code = at + 1 < chars.Length ? chars[++at].ToString() : "";
            if (code == "-" && at + 1 < chars.Length)
                code += chars[++at];
            output.AppendMade(code switch
            {
                "%" => "%",
                "Y" => Written("yyyy"), "y" => Written("yy"), "m" => Written("MM"), "d" => Written("dd"), "j" => $"{now.DayOfYear:000}",
                "-m" => Written("%M"), "-d" => Written("%d"), "e" => $"{now.Day,2}",
                "B" => Written("MMMM"), "b" => Written("MMM"), "A" => Written("dddd"), "a" => Written("ddd"),
                "H" => Written("HH"), "I" => Written("hh"), "M" => Written("mm"), "S" => Written("ss"), "p" => now.Hour < 12 ? "AM" : "PM",
                "F" => Written("yyyy-MM-dd"), "T" => Written("HH:mm:ss"),
                _ => throw TemplateException.NotSupported($"strftime_now with '%{code}'"),
            });
        }
        return output.ToText();

        string Written(string pattern) => now.ToString(pattern, CultureInfo.InvariantCulture);
    }
}
