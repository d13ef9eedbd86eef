using System.Globalization;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Python's str and repr.</summary>
static class Printer
{
    public static Text ToText(Budget budget, Value value)
    {
        if (value is Text text)
            return text;
        var printed = new TextBuilder(budget);
        Print(budget, printed, value);
        return printed.ToText();
    }

    public static void Print(Budget budget, TextBuilder output, Value value)
    {
        if (value is Text text)
            output.Append(text);
        else if (value is not Undefined)
            Represent(budget, output, value);
    }

    public static void Represent(Budget budget, TextBuilder output, Value value, int depth = 0)
    {
        budget.Steps();
        switch (value)
        {
            case Undefined: output.AppendMade("Undefined"); break;
            case None: output.AppendMade("None"); break;
            case Bool { IsTrue: var isTrue }: output.AppendMade(isTrue ? "True" : "False"); break;
            case Int { Number: var number }: output.AppendMade(number.ToString(CultureInfo.InvariantCulture)); break;
            case Float { Number: var number }: output.AppendMade(Numbers.ToText(number)); break;
            case Text text: Quote(output, text); break;
            case Dict dict: RepresentDict(budget, output, dict, Budget.Deeper(depth)); break;
            case Sequence { Kind: not SequenceKind.Range } items: RepresentSequence(budget, output, items, Budget.Deeper(depth)); break;
            default: throw TemplateException.NotSupported($"printing a {value.TypeName}");
        }
    }

    static void RepresentSequence(Budget budget, TextBuilder output, Sequence sequence, int depth)
    {
        (string open, string close) = sequence.Kind switch
        {
            SequenceKind.List => ("[", "]"),
            SequenceKind.Tuple => ("(", sequence.Items.Count == 1 ? ",)" : ")"),
            _ => (sequence.TypeName + "([", "])"),
        };
        output.AppendMade(open);
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            output.AppendMade(i == 0 ? "" : ", ");
            Represent(budget, output, sequence.Items[i], depth);
        }
        output.AppendMade(close);
    }

    static void RepresentDict(Budget budget, TextBuilder output, Dict dict, int depth)
    {
        string separator = "{";
        foreach ((Value key, Value value) in dict.Entries)
        {
            output.AppendMade(separator);
            Represent(budget, output, key, depth);
            output.AppendMade(": ");
            Represent(budget, output, value, depth);
            separator = ", ";
        }
        output.AppendMade(dict.Entries.Count == 0 ? "{}" : "}");
    }

    static void Quote(TextBuilder output, Text text)
    {
        string chars = text.Chars;
        char quote = chars.Contains('\'') && !chars.Contains('"') ? '"' : '\'';
        output.AppendMade([quote]);
        for (int at = 0, length; at < chars.Length; at += length)
        {
            length = CodePoints.LengthAt(chars, at);
            int codePoint = CodePoints.At(chars, at);
            if (codePoint == quote || codePoint == '\\')
                output.AppendMade(['\\', (char)codePoint]);
            else if (codePoint is '\n' or '\r' or '\t')
                output.AppendMade(codePoint == '\n' ? @"\n" : codePoint == '\r' ? @"\r" : @"\t");
            else if (CodePoints.IsPrintable(codePoint))
                output.Append(text, at, length);
            else
                output.AppendMade(codePoint switch
                {
                    < 0x100 => $"\\x{codePoint:x2}",
                    < 0x10000 => $"\\u{codePoint:x4}",
                    _ => $"\\U{codePoint:x8}",
                });
        }
        output.AppendMade([quote]);
    }
}
