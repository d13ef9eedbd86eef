namespace Llama4.Bench;

/// <summary>Command-line options of the form --name value, beside positional arguments.</summary>
sealed class Options
{
    readonly Dictionary<string, string> named = [];
    readonly Queue<string> positional = new();

    public Options(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal)) positional.Enqueue(arguments[i]);
            else if (i + 1 < arguments.Count) named[arguments[i][2..]] = arguments[++i];
            else throw new ArgumentException($"{arguments[i]} needs a value");
        }
    }

    public string Positional(string what) => positional.TryDequeue(out string? value) ? value : throw new ArgumentException($"missing: {what}");

    public string Text(string name, string otherwise) => named.GetValueOrDefault(name, otherwise);

    public int Integer(string name, int otherwise) => Integers(name, [otherwise])[0];

    public int[] Integers(string name, int[] otherwise) => named.TryGetValue(name, out string? value)
        ? [.. value.Split(',').Select(v => int.Parse(v, System.Globalization.CultureInfo.InvariantCulture))]
        : otherwise;
}
