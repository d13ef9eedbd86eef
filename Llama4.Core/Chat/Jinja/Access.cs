namespace Llama4.Core.Chat.Jinja;

/// <summary>value.name looks for an attribute, then for a key; value[key] the other way round.</summary>
static class Access
{
    public static Value Attribute(Budget budget, Value value, string name) =>
        Methods.Find(budget, value, name) ?? Sequences.At(budget, value, Text.Trusted(name)) ?? Methods.Missing(value, name);

    public static Value Subscript(Budget budget, Value value, Value key)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        Value? found = Sequences.At(budget, value, key);
        if (found is not null)
            return found;
        if (key is not Text name)
            return new Undefined($"'{value.TypeName} object' has no such item");
        return Methods.Find(budget, value, name.Chars) ?? Methods.Missing(value, name.Chars);
    }
}
