using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Walking, indexing, slicing and repeating what has items.</summary>
static class Sequences
{
    /// <summary>What a loop over the value sees.</summary>
    public static IReadOnlyList<Value> Items(Budget budget, Value value)
    {
        switch (value)
        {
            case Sequence sequence: return sequence.Items;
            case Iterator iterator: return iterator.Take();
            case Undefined: return [];
            case Dict dict:
                budget.Steps(dict.Entries.Count);
                return [.. dict.Entries.Keys];
            case Text text:
                budget.Items(text.Length);
                var characters = new Value[text.Length];
                for (int i = 0; i < characters.Length; i++)
                    characters[i] = CodePoint(budget, text, i);
                return characters;
            default: throw new TemplateException($"'{value.TypeName}' object is not iterable");
        }
    }

    public static int Length(Value value) => value switch
    {
        Text text => text.Length,
        Sequence sequence => sequence.Items.Count,
        Dict dict => dict.Entries.Count,
        Undefined => 0,
        _ => throw new TemplateException($"object of type '{value.TypeName}' has no len()"),
    };

    /// <summary>value[index]; null when there is nothing.</summary>
    public static Value? At(Budget budget, Value value, Value index)
    {
        budget.Steps();
        if (value is Dict dict)
        {
            return index is Text or None or Sequence { Kind: SequenceKind.Tuple } || Numbers.IsNumber(index)
                ? dict.Entries.GetValueOrDefault(KeyComparer.Checked(budget, index))
                : null;
        }
        if (value is not (Text or Sequence { IsIndexed: true }) || !Numbers.IsWhole(index))
            return null;
        int length = Length(value);
        BigInteger position = Numbers.ToInteger(index);
        if (position.Sign < 0)
            position += length;
        if (position.Sign < 0 || position >= length)
            return null;
        return value is Text text ? CodePoint(budget, text, (int)position) : ((Sequence)value).Items[(int)position];
    }

    /// <summary>value[start:stop:step] with Python's rules for what lies outside.</summary>
    public static Value Slice(Budget budget, Value value, Value start, Value stop, Value step)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (value is not (Text or Sequence { IsIndexed: true }))
            throw new TemplateException($"'{value.TypeName}' object cannot be sliced");
        int length = Length(value), stride = step is None ? 1 : Bound(step, -length - 1, length + 1);
        if (stride == 0)
            throw new TemplateException("slice step cannot be zero");
        int low = stride > 0 ? 0 : -1, high = stride > 0 ? length : length - 1;
        int from = start is None ? (stride > 0 ? low : high) : Clamp(start), to = stop is None ? (stride > 0 ? high : low) : Clamp(stop);
        int count = Math.Max(0, stride > 0 ? (to - from + stride - 1) / stride : (from - to - stride - 1) / -stride);
        if (value is Text text)
        {
            if (stride == 1)
                return count == 0 ? Text.Empty : text.Part(budget, text.OffsetOf(from), text.OffsetOf(from + count) - text.OffsetOf(from));
            var picked = new TextBuilder(budget);
            for (int i = 0, at = from; i < count; i++, at += stride)
                picked.Append(text, text.OffsetOf(at), text.OffsetOf(at + 1) - text.OffsetOf(at));
            return picked.ToText();
        }
        var sequence = (Sequence)value;
        budget.Items(count);
        var items = new Value[count];
        for (int i = 0; i < count; i++)
            items[i] = sequence.Items[from + i * stride];
        return new Sequence(sequence.Kind, items);

        int Clamp(Value bound)
        {
            int position = Bound(bound, -length - 1, length + 1);
            return Math.Clamp(position < 0 ? position + length : position, low, high);
        }
    }

    public static Value Repeat(Budget budget, Value value, BigInteger times)
    {
        int count = (int)BigInteger.Min(BigInteger.Max(times, 0), Limits.TextLength + 1);
        if (value is Text text)
        {
            if ((long)text.Chars.Length * count > Limits.TextLength)
                throw new TemplateException($"a text of more than {Limits.TextLength} characters");
            Text repeated = Text.Empty;
            for (Text power = text; count > 0; count >>= 1)
            {
                if (count % 2 == 1)
                    repeated = Operators.Concat(budget, repeated, power);
                if (count > 1)
                    power = Operators.Concat(budget, power, power);
            }
            return repeated;
        }
        var sequence = (Sequence)value;
        budget.Items((long)sequence.Items.Count * count);
        List<Value> items = [];
        for (int i = 0; i < count && sequence.Items.Count > 0; i++)
            items.AddRange(sequence.Items);
        return new Sequence(sequence.Kind, items);
    }

    public static Text CodePoint(Budget budget, Text text, int index)
    {
        int start = text.OffsetOf(index);
        return text.Part(budget, start, text.OffsetOf(index + 1) - start);
    }

    static int Bound(Value value, int low, int high) => Numbers.IsWhole(value)
        ? (int)BigInteger.Max(low, BigInteger.Min(high, Numbers.ToInteger(value)))
        : throw new TemplateException("slice indices must be integers or None");
}
