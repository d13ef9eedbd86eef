using System.CommandLine;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Configuration;

/// <summary>The values in force: a flag before an environment variable before the config file.</summary>
internal sealed class SettingValues
{
    readonly Dictionary<Setting, SettingValue> values = [];

    public required ConfigFile File { get; init; }

    /// <summary>Keys of the config file and variables LLAMA4_… that no setting reads, with their values.</summary>
    public required IReadOnlyList<(string Source, string Name, string Text)> Unknown { get; init; }

    /// <exception cref="UsageException">The config file is not what it should be.</exception>
    public static SettingValues Read(ParseResult line, CommandOptions options, Terminal terminal)
    {
        ConfigFile file = ConfigFile.Read(terminal);
        var unknown = new List<(string, string, string)>();
        var result = new SettingValues { File = file, Unknown = unknown };

        foreach ((string name, IReadOnlyList<string> texts) in file.Entries)
            if (SettingList.Find(name) is Setting setting) result.Set(new SettingValue(setting, texts, "config file"));
            else unknown.Add((file.Path!, name, string.Join(", ", texts)));

        foreach (Setting setting in SettingList.All)
            // An empty variable is as good as none: shells cannot unset one for a single command.
            if (terminal.Variables.GetValueOrDefault(setting.Variable) is { Length: > 0 } text)
                result.Set(new SettingValue(setting, [text], setting.Variable));
        IEnumerable<string> known = SettingList.All.Select(setting => setting.Variable).Append(ConfigFile.Variable);
        IEnumerable<string> ours = terminal.Variables.Keys.Where(name => name.StartsWith("LLAMA4_", StringComparison.Ordinal));
        foreach (string name in ours.Except(known).Order())
            unknown.Add(("environment", name, terminal.Variables[name]));

        foreach (Setting setting in SettingList.All)
            if (options.Texts(line, setting) is { Count: > 0 } texts)
                result.Set(new SettingValue(setting, texts, setting.Flag));
        return result;
    }

    public SettingValue? Find(Setting setting) => values.GetValueOrDefault(setting);

    void Set(SettingValue value) => values[value.Setting] = value;
}
