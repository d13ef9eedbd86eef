namespace Llama4.Core.Chat.Jinja;

/// <summary>Truth, equality, order, membership and arithmetic of values.</summary>
static class Operators
{
    public static bool IsTrue(Value value) => value switch
    {
        Undefined or None => false,
        Bool { IsTrue: var isTrue } => isTrue,
        Int { Number: var number } => !number.IsZero,
        Float { Number: var number } => number != 0,
        Text { Chars: var chars } => chars.Length > 0,
        Sequence { Items: var items } => items.Count > 0,
        Dict { Entries: var entries } => entries.Count > 0,
        _ => true,
    };

    public static bool AreEqual(Budget budget, Value a, Value b, int depth = 0)
    {
        budget.Steps();
        switch (a, b)
        {
            case (Undefined, Undefined):
                return true;
            case (Text left, Text right):
                budget.Characters(Math.Min(left.Chars.Length, right.Chars.Length));
                return left.Chars == right.Chars;
            case (Sequence left, Sequence right):
                if (left.Kind != right.Kind || left.Items.Count != right.Items.Count)
                    return false;
                for (int i = 0; i < left.Items.Count; i++)
                    if (!AreEqual(budget, left.Items[i], right.Items[i], Budget.Deeper(depth)))
                        return false;
                return true;
            case (Dict left, Dict right):
                if (left.Entries.Count != right.Entries.Count)
                    return false;
                foreach ((Value key, Value value) in left.Entries)
                    if (!right.Entries.TryGetValue(KeyComparer.Checked(budget, key), out Value? other)
                        || !AreEqual(budget, value, other, Budget.Deeper(depth)))
                        return false;
                return true;
            default:
                return ReferenceEquals(a, b) || (Numbers.IsNumber(a) && Numbers.IsNumber(b) && Numbers.AreEqual(a, b));
        }
    }

    /// <summary>One of == != &lt; &lt;= &gt; &gt;= in "not in".</summary>
    public static bool Holds(Budget budget, string @operator, Value a, Value b) => @operator switch
    {
        "==" => AreEqual(budget, a, b),
        "!=" => !AreEqual(budget, a, b),
        "in" => IsIn(budget, a, b),
        "not in" => !IsIn(budget, a, b),
        "<" => Compare(budget, "<", a, b) < 0,
        "<=" => Compare(budget, "<=", a, b) <= 0,
        ">" => Compare(budget, ">", a, b) > 0,
        _ => Compare(budget, ">=", a, b) >= 0,
    };

    /// <summary>Null when the two have no order although their types do: NaN.</summary>
    public static int? Compare(Budget budget, string @operator, Value a, Value b, int depth = 0)
    {
        budget.Steps();
        if (Numbers.IsNumber(a) && Numbers.IsNumber(b))
            return Numbers.Compare(a, b);
        if (a is Text left && b is Text right)
        {
            budget.Characters(Math.Min(left.Chars.Length, right.Chars.Length));
            return CodePoints.Compare(left.Chars, right.Chars);
        }
        if (a is Sequence first && b is Sequence second && first.Kind == second.Kind && first.Kind <= SequenceKind.Tuple)
        {
            for (int i = 0; i < Math.Min(first.Items.Count, second.Items.Count); i++)
                if (!AreEqual(budget, first.Items[i], second.Items[i], Budget.Deeper(depth)))
                    return Compare(budget, @operator, first.Items[i], second.Items[i], Budget.Deeper(depth));
            return first.Items.Count - second.Items.Count;
        }
        ThrowIfUndefined(a, b);
        throw new TemplateException($"'{@operator}' not supported between instances of '{a.TypeName}' and '{b.TypeName}'");
    }

    public static bool IsIn(Budget budget, Value item, Value container)
    {
        if (container is Text text)
        {
            if (item is not Text part)
                throw new TemplateException($"'in <string>' requires string as left operand, not {item.TypeName}");
            budget.Search(text.Chars.Length, part.Chars.Length);
            return text.Chars.Contains(part.Chars, StringComparison.Ordinal);
        }
        if (container is Dict dict)
            return dict.Entries.ContainsKey(KeyComparer.Checked(budget, item));
        foreach (Value candidate in Sequences.Items(budget, container))
            if (AreEqual(budget, item, candidate))
                return true;
        return false;
    }

    public static Value Compute(Budget budget, string @operator, Value a, Value b)
    {
        if (Numbers.IsNumber(a) && Numbers.IsNumber(b))
            return Numbers.Compute(@operator, a, b);
        switch (@operator)
        {
            case "+" when a is Text && b is Text:
                return Concat(budget, a, b);
            case "+" when a is Sequence left && b is Sequence right && left.Kind == right.Kind && left.Kind <= SequenceKind.Tuple:
                budget.Items((long)left.Items.Count + right.Items.Count);
                return new Sequence(left.Kind, [.. left.Items, .. right.Items]);
            case "*" when Numbers.IsWhole(b) && a is Text or Sequence { Kind: <= SequenceKind.Tuple }:
                return Sequences.Repeat(budget, a, Numbers.ToInteger(b));
            case "*" when Numbers.IsWhole(a) && b is Text or Sequence { Kind: <= SequenceKind.Tuple }:
                return Sequences.Repeat(budget, b, Numbers.ToInteger(a));
            case "%" when a is Text format:
                return Formatting.Percent(budget, format, b is Sequence { Kind: SequenceKind.Tuple } tuple ? tuple.Items : [b], b as Dict);
        }
        ThrowIfUndefined(a, b);
        throw new TemplateException($"unsupported operand type(s) for {@operator}: '{a.TypeName}' and '{b.TypeName}'");
    }

    public static Value Sign(Value value, bool negative)
    {
        if (!Numbers.IsNumber(value))
        {
            ThrowIfUndefined(value);
            throw new TemplateException($"bad operand type for unary {(negative ? '-' : '+')}: '{value.TypeName}'");
        }
        return negative ? Numbers.Negate(value) : value is Bool ? new Int(Numbers.ToInteger(value)) : value;
    }

    /// <summary>The operator ~: both as text, whatever they are.</summary>
    public static Text Concat(Budget budget, params ReadOnlySpan<Value> values)
    {
        var joined = new TextBuilder(budget);
        foreach (Value value in values)
            Printer.Print(budget, joined, value);
        return joined.ToText();
    }

    static void ThrowIfUndefined(params ReadOnlySpan<Value> values)
    {
        foreach (Value value in values)
            if (value is Undefined undefined)
                throw undefined.Error();
    }
}
