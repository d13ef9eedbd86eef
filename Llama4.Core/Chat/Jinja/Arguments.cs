namespace Llama4.Core.Chat.Jinja;

/// <summary>What stands between the parentheses of a call.</summary>
sealed class Arguments(IReadOnlyList<Value> positional, IReadOnlyList<(string Name, Value Value)> named)
{
    public static readonly Arguments None = new([], []);

    public IReadOnlyList<Value> Positional { get; } = positional;

    public IReadOnlyList<(string Name, Value Value)> Named { get; } = named;

    /// <summary>One value for each parameter; null where none was given.</summary>
    public Value?[] Bind(string callee, IReadOnlyList<string> parameters)
    {
        if (Positional.Count > parameters.Count)
            throw new TemplateException($"{callee} takes at most {parameters.Count} argument(s), {Positional.Count} given");
        var values = new Value?[parameters.Count];
        for (int i = 0; i < Positional.Count; i++)
            values[i] = Positional[i];
        foreach ((string name, Value value) in Named)
        {
            int index = 0;
            while (index < parameters.Count && parameters[index] != name)
                index++;
            if (index == parameters.Count)
                throw new TemplateException($"{callee} has no parameter '{name}'");
            if (values[index] is not null)
                throw new TemplateException($"{callee} got two values for '{name}'");
            values[index] = value;
        }
        return values;
    }

    /// <summary>The first argument must be there; the others, if any, are returned as the arguments of another call.</summary>
    public (Value First, Arguments Others) Split(string callee) => Positional.Count > 0
        ? (Positional[0], new Arguments([.. Positional.Skip(1)], Named))
        : throw new TemplateException($"{callee} needs an argument");
}
