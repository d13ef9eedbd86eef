using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// Equality of dict keys as Python has it: 1, 1.0 and True are one key. Hashes are seeded, so that no template can choose collisions.
/// </summary>
sealed class KeyComparer : IEqualityComparer<Value>
{
    public static readonly KeyComparer Instance = new();

    public bool Equals(Value? a, Value? b) => (a, b) switch
    {
        (Text left, Text right) => left.Chars == right.Chars,
        (Sequence left, Sequence right) => left.Items.SequenceEqual(right.Items, this),
        _ => ReferenceEquals(a, b) || (Numbers.IsNumber(a!) && Numbers.IsNumber(b!) && Numbers.AreEqual(a!, b!)),
    };

    public int GetHashCode(Value value) => value switch
    {
        Text text => text.Chars.GetHashCode(),
        Sequence tuple => tuple.Items.Aggregate(new HashCode(), (hash, item) => { hash.Add(GetHashCode(item)); return hash; }).ToHashCode(),
        Float { Number: var number } when !double.IsInteger(number) => HashCode.Combine(number),
        _ when Numbers.IsNumber(value) => HashCode.Combine(Numbers.ToInteger(value)),
        _ => 0,
    };

    /// <summary>Charges for hashing the key and refuses what can be none.</summary>
    public static Value Checked(Budget budget, Value key, int depth = 0)
    {
        if (key is Text text)
            budget.Characters(text.Chars.Length);
        else if (key is Sequence { Kind: SequenceKind.Tuple } tuple)
        {
            foreach (Value item in tuple.Items)
                Checked(budget, item, Budget.Deeper(depth));
        }
        else if (key is not (None or Int or Bool or Float))
            throw new TemplateException($"unhashable type: '{key.TypeName}'");
        budget.Steps();
        return key;
    }
}
