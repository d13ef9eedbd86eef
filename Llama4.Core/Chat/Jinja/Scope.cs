namespace Llama4.Core.Chat.Jinja;

/// <summary>Variables by name. Loops, macros, "with" and captured blocks have their own, inside the one around them.</summary>
sealed class Scope(Scope? outer)
{
    Dictionary<string, Value>? values;

    public void Set(string name, Value value) => (values ??= [])[name] = value;

    /// <summary>Null when no scope has the name.</summary>
    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
            if (scope.values is { } values && values.TryGetValue(name, out Value? value))
                return value;
        return null;
    }

    Scope? Outer { get; } = outer;
}
