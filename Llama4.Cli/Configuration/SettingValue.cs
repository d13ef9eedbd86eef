namespace Llama4.Cli.Configuration;

/// <summary>A value as the user wrote it.</summary>
/// <param name="Texts">One, or several of a list.</param>
/// <param name="Source">Where it was written, for people: --ctx, LLAMA4_CTX, config file.</param>
internal sealed record SettingValue(Setting Setting, IReadOnlyList<string> Texts, string Source);
