using System.Globalization;

namespace Llama4.Bench;

/// <summary>Command-line options of the form --name value, beside positional arguments.</summary>
sealed class Options
{
    readonly Dictionary<string, string> named = [];
    readonly Queue<string> positional = new();

    /// <param name="arguments">What followed the command.</param>
    /// <param name="names">The options that the command takes.</param>
    /// <exception cref="UsageException">Another option, or one without a value.</exception>
    public Options(IReadOnlyList<string> arguments, params string[] names)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                positional.Enqueue(argument);
                continue;
            }
            if (!names.Contains(argument[2..]))
                throw new UsageException($"unknown option {argument}; expected {(names.Length == 0 ? "none" : string.Join(", ", names.Select(n => "--" + n)))}");
            named[argument[2..]] = i + 1 < arguments.Count ? arguments[++i] : throw new UsageException($"{argument} needs a value");
        }
    }

    public string Positional(string what) => positional.TryDequeue(out string? value) ? value : throw new UsageException($"missing: {what}");

    public string Text(string name, string otherwise) => named.GetValueOrDefault(name, otherwise);

    public int Integer(string name, int otherwise) => Integers(name, [otherwise])[0];

    public int[] Integers(string name, int[] otherwise)
    {
        if (!named.TryGetValue(name, out string? text)) return otherwise;
        string[] parts = text.Split(',');
        var values = new int[parts.Length];
        for (int i = 0; i < values.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out values[i]))
                throw new UsageException($"--{name} is '{text}'; expected whole numbers, with commas between them");
        return values;
    }

    /// <exception cref="UsageException">The name of no value.</exception>
    public TEnum Named<TEnum>(string name, TEnum otherwise)
        where TEnum : struct, Enum
    {
        string text = Text(name, otherwise.ToString());
        return Enum.TryParse(text, ignoreCase: true, out TEnum value) && Enum.IsDefined(value) ? value
            : throw new UsageException($"--{name} is '{text}'; expected {string.Join(", ", Enum.GetNames<TEnum>())}");
    }
}
