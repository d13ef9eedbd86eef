using System.Globalization;
using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Python's two ways to fill a text with values: "%s" and "{}".</summary>
static class Formatting
{
    /// <summary>format % values; names such as %(name)s are looked up in <paramref name="named"/>.</summary>
    public static Text Percent(Budget budget, Text format, IReadOnlyList<Value> values, Dict? named)
    {
        var output = new TextBuilder(budget);
        string chars = format.Chars;
        int used = 0, at = 0;
        while (at < chars.Length)
        {
            int percent = chars.IndexOf('%', at);
            int plain = (percent < 0 ? chars.Length : percent) - at;
            output.Append(format, at, plain);
            at += plain;
            if (percent < 0)
                break;
            PercentSpecification specification = PercentSpecification.Parse(chars, ref at);
            if (specification.Kind == '%')
                output.Append(format, at - 1, 1);
            else if (specification.Name is { } name)
                Fill(budget, output, specification, named?.Entries.GetValueOrDefault(Text.Trusted(name))
                    ?? throw new TemplateException($"no value for %({name})"));
            else
                Fill(budget, output, specification, used < values.Count ? values[used++]
                    : throw new TemplateException("not enough arguments for format string"));
        }
        return used == values.Count || named is not null
            ? output.ToText()
            : throw new TemplateException("not all arguments converted during string formatting");
    }

    /// <summary>format.format(…): {} {0} {name}, without conversions and format specifications.</summary>
    public static Text Braces(Budget budget, Text format, Arguments arguments)
    {
        var output = new TextBuilder(budget);
        string chars = format.Chars;
        int next = 0;
        for (int at = 0; at < chars.Length; at++)
        {
            char brace = chars[at];
            if (brace is not ('{' or '}') || (at + 1 < chars.Length && chars[at + 1] == brace))
            {
                output.Append(format, at, 1);
                at += brace is '{' or '}' ? 1 : 0;
                continue;
            }
            int close = brace == '{' ? chars.IndexOf('}', at) : -1;
            if (close < 0)
                throw new TemplateException($"single '{brace}' encountered in format string");
            Printer.Print(budget, output, Field(arguments, chars[(at + 1)..close], ref next));
            at = close;
        }
        return output.ToText();
    }

    static Value Field(Arguments arguments, string field, ref int next)
    {
        if (field.AsSpan().IndexOfAny(":!.[") >= 0)
            throw TemplateException.NotSupported($"'{{{field}}}' in format");
        if (field.Length > 0 && !char.IsAsciiDigit(field[0]))
        {
            foreach ((string name, Value value) in arguments.Named)
                if (name == field)
                    return value;
            throw new TemplateException($"no value for '{{{field}}}'");
        }
        int index = next;
        if (field.Length == 0)
            next++;
        else if (!int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out index))
            index = int.MaxValue;
        return index < arguments.Positional.Count
            ? arguments.Positional[index]
            : throw new TemplateException("too few values for the format string");
    }

    static void Fill(Budget budget, TextBuilder output, PercentSpecification specification, Value value)
    {
        var body = new TextBuilder(budget);
        string sign = "";
        if (specification.Kind == 's')
            Printer.Print(budget, body, value);
        else if (specification.Kind == 'r')
            Printer.Represent(budget, body, value);
        else
        {
            if (!Numbers.IsNumber(value))
                throw new TemplateException($"%{specification.Kind} format: a number is required, not {value.TypeName}");
            string digits = Digits(specification, value);
            sign = digits[0] == '-' ? "-" : specification.Plus ? "+" : specification.Blank ? " " : "";
            body.AppendMade(digits.TrimStart('-'));
        }
        Text text = body.ToText();
        if (specification.Precision is { } longest && specification.Kind is 's' or 'r' && text.Length > longest)
            text = text.Part(budget, 0, text.OffsetOf(longest));
        int padding = Math.Max(0, specification.Width - sign.Length - text.Length);
        bool zeros = specification.Zero && !specification.Left && specification.Kind is not ('s' or 'r');
        output.AppendMade(' ', specification.Left || zeros ? 0 : padding);
        output.AppendMade(sign);
        output.AppendMade('0', zeros ? padding : 0);
        output.Append(text);
        output.AppendMade(' ', specification.Left ? padding : 0);
    }

    static string Digits(PercentSpecification specification, Value value)
    {
        if (specification.Kind == 'f')
        {
            int places = specification.Precision ?? 6;
            double number = Numbers.Round(Numbers.ToDouble(value), places);
            return double.IsFinite(number) ? number.ToString("F" + places, CultureInfo.InvariantCulture) : Numbers.ToText(number);
        }
        BigInteger whole = Numbers.ToInteger(value);
        string kind = specification.Kind is 'x' or 'X' ? specification.Kind.ToString() : "D";
        string digits = BigInteger.Abs(whole).ToString(kind, CultureInfo.InvariantCulture);
        if (specification.Kind is 'x' or 'X')
            digits = digits.TrimStart('0').PadLeft(1, '0');
        return (whole.Sign < 0 ? "-" : "") + digits.PadLeft(specification.Precision ?? 0, '0');
    }
}
