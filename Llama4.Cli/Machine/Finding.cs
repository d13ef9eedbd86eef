namespace Llama4.Cli.Machine;

/// <summary>A fact about the machine.</summary>
/// <param name="Advice">What to do about it; null when it is as it should be.</param>
internal sealed record Finding(string Name, string Value, string? Advice = null);
