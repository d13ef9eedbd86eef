using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Llama4.Core.Chat.Jinja;

/// <summary>JSON into values and out of them, out exactly as Python's json.dumps writes it.</summary>
static class Json
{
    /// <param name="Indent">Null for one line.</param>
    public sealed record Layout(
        string? Indent = null, string? ItemSeparator = null, string? KeySeparator = null, bool SortKeys = false, bool EnsureAscii = false);

    /// <summary>Every text in it is untrusted.</summary>
    /// <exception cref="TemplateException">Nested too deep, a duplicate key, a text that is no Unicode.</exception>
    public static Value FromNode(JsonNode? node, int depth = 0)
    {
        try
        {
            switch (node)
            {
                case null: return None.Value;
                case JsonArray array:
                    return Sequence.List([.. array.Select(item => FromNode(item, Budget.Deeper(depth)))]);
                case JsonObject properties:
                    OrderedDictionary<Value, Value> entries = Dict.NewEntries();
                    foreach ((string key, JsonNode? value) in properties)
                        entries[Text.Untrusted(key)] = FromNode(value, Budget.Deeper(depth));
                    return new Dict(entries);
                default: return FromScalar((JsonValue)node);
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new TemplateException($"JSON at {node!.GetPath()}: {e.Message}", cause: e);
        }
    }

    public static void Write(Budget budget, TextBuilder output, Value value, Layout layout) => Write(budget, output, value, layout, 0);

    static Value FromScalar(JsonValue scalar)
    {
        switch (scalar.GetValueKind())
        {
            case JsonValueKind.String: return Text.Untrusted(scalar.GetValue<string>());
            case JsonValueKind.True: return Bool.True;
            case JsonValueKind.False: return Bool.False;
            case JsonValueKind.Null: return None.Value;
        }
        // Python tells 1 from 1.0: so does the JSON text; a number made in .NET by its type.
        if (scalar.TryGetValue(out JsonElement element))
        {
            string digits = element.GetRawText();
            return digits.AsSpan().IndexOfAny(".eE") >= 0
                ? new Float(double.Parse(digits, CultureInfo.InvariantCulture))
                : new Int(Numbers.ParseInteger(digits, 10) ?? throw new TemplateException($"a whole number of {digits.Length} digits"));
        }
        if (scalar.TryGetValue(out double number) || (scalar.TryGetValue(out float single) && double.IsFinite(number = single)))
            return new Float(number);
        if (scalar.TryGetValue(out decimal exact))
            return new Float((double)exact);
        return new Int(BigInteger.Parse(scalar.ToJsonString(), CultureInfo.InvariantCulture));
    }

    static void Write(Budget budget, TextBuilder output, Value value, Layout layout, int depth)
    {
        budget.Steps();
        switch (value)
        {
            case None: output.AppendMade("null"); break;
            case Bool { IsTrue: var isTrue }: output.AppendMade(isTrue ? "true" : "false"); break;
            case Int { Number: var number }: output.AppendMade(number.ToString(CultureInfo.InvariantCulture)); break;
            case Float { Number: var number }: output.AppendMade(FloatText(number)); break;
            case Text text: WriteText(output, text, layout.EnsureAscii); break;
            case Sequence { Kind: <= SequenceKind.Tuple } list: WriteList(budget, output, list.Items, layout, Budget.Deeper(depth)); break;
            case Dict dict: WriteDict(budget, output, dict, layout, Budget.Deeper(depth)); break;
            default: throw new TemplateException($"Object of type {value.TypeName} is not JSON serializable");
        }
    }

    static void WriteList(Budget budget, TextBuilder output, IReadOnlyList<Value> items, Layout layout, int depth)
    {
        output.AppendMade("[");
        for (int i = 0; i < items.Count; i++)
        {
            Separate(output, i == 0, layout, depth);
            Write(budget, output, items[i], layout, depth);
        }
        Close(output, "]", items.Count == 0, layout, depth);
    }

    static void WriteDict(Budget budget, TextBuilder output, Dict dict, Layout layout, int depth)
    {
        IEnumerable<Value> keys = layout.SortKeys
            ? Sorting.Sort(dict.Entries.Keys, (a, b) => Operators.Compare(budget, "<", a, b) ?? 0)
            : dict.Entries.Keys;
        output.AppendMade("{");
        bool first = true;
        foreach (Value key in keys)
        {
            Separate(output, first, layout, depth);
            first = false;
            WriteText(output, KeyText(key), layout.EnsureAscii);
            output.AppendMade(layout.KeySeparator ?? ": ");
            Write(budget, output, dict.Entries[key], layout, depth);
        }
        Close(output, "}", first, layout, depth);
    }

    static void Separate(TextBuilder output, bool first, Layout layout, int depth)
    {
        if (!first)
            output.AppendMade(layout.ItemSeparator ?? (layout.Indent is null ? ", " : ","));
        NewLine(output, layout, depth);
    }

    static void Close(TextBuilder output, string bracket, bool empty, Layout layout, int depth)
    {
        if (!empty)
            NewLine(output, layout, depth - 1);
        output.AppendMade(bracket);
    }

    static void NewLine(TextBuilder output, Layout layout, int depth)
    {
        if (layout.Indent is null)
            return;
        output.AppendMade("\n");
        for (int i = 0; i < depth; i++)
            output.AppendMade(layout.Indent);
    }

    static Text KeyText(Value key) => key switch
    {
        Text text => text,
        None => Text.Untrusted("null"),
        Bool { IsTrue: var isTrue } => Text.Untrusted(isTrue ? "true" : "false"),
        Int { Number: var number } => Text.Untrusted(number.ToString(CultureInfo.InvariantCulture)),
        Float { Number: var number } => Text.Untrusted(FloatText(number)),
        _ => throw new TemplateException($"keys must be str, int, float, bool or None, not {key.TypeName}"),
    };

    static string FloatText(double number) =>
        double.IsFinite(number) ? Numbers.ToText(number) : double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";

    static void WriteText(TextBuilder output, Text text, bool ensureAscii)
    {
        string chars = text.Chars;
        output.AppendMade("\"");
        int start = 0;
        for (int at = 0; at < chars.Length; at++)
        {
            char character = chars[at];
            if (character is not ('"' or '\\') && character >= ' ' && !(ensureAscii && character > '~'))
                continue;
            output.Append(text, start, at - start);
            output.AppendMade(Escape(character));
            start = at + 1;
        }
        output.Append(text, start, chars.Length - start);
        output.AppendMade("\"");
    }

    static string Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        '\n' => @"\n",
        '\r' => @"\r",
        '\t' => @"\t",
        '\b' => @"\b",
        '\f' => @"\f",
        _ => $"\\u{(int)character:x4}",
    };
}
