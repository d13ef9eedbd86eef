namespace Llama4.Cli.Configuration;

/// <summary>Something a user can set: by a flag, an environment variable or the config file.</summary>
/// <param name="Name">As in the flag and the config file, such as max-tokens.</param>
/// <param name="ValueName">Stands for the value in help texts; empty for a setting that is on or off.</param>
internal sealed record Setting(string Name, string ValueName, string Help)
{
    /// <summary>May be given several times.</summary>
    public bool IsList { get; init; }

    /// <summary>The only values, where there are only some.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    public bool IsSwitch => ValueName.Length == 0;

    public string Flag => "--" + Name;

    public string Variable => "LLAMA4_" + Name.Replace('-', '_').ToUpperInvariant();
}
