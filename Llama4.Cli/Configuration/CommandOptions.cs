using System.CommandLine;

namespace Llama4.Cli.Configuration;

/// <summary>The settings as options of the command line; one object of each, which several commands share.</summary>
internal sealed class CommandOptions
{
    readonly Dictionary<Setting, Option> options = SettingList.All.ToDictionary(setting => setting, Create);

    public Option<bool> PrintConfig { get; } = new("--print-config") { Description = "Show every setting and where it comes from, then end." };

    public void AddTo(Command command, params IEnumerable<Setting> settings)
    {
        foreach (Setting setting in settings) command.Add(options[setting]);
        command.Add(PrintConfig);
    }

    /// <summary>What the command line says, or nothing.</summary>
    public IReadOnlyList<string> Texts(ParseResult line, Setting setting)
    {
        if (line.GetResult(options[setting]) is not { Implicit: false } result) return [];
        return setting.IsSwitch
            ? [line.GetValue((Option<bool>)options[setting]) ? "true" : "false"]
            : [.. result.Tokens.Select(token => token.Value)];
    }

    static Option Create(Setting setting)
    {
        if (setting.IsSwitch) return new Option<bool>(setting.Flag) { Description = setting.Help };
        // Values stay text here: SettingsReader checks them wherever they come from.
        Option option = setting.IsList ? new Option<string[]>(setting.Flag) : new Option<string>(setting.Flag);
        option.Description = setting.Help + (setting.Choices.Count > 0 ? $" One of {string.Join(", ", setting.Choices)}." : "");
        option.HelpName = setting.ValueName;
        option.CompletionSources.Add([.. setting.Choices]);
        return option;
    }
}
