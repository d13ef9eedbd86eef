using System.CommandLine;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Output;

namespace Llama4.Cli.Commands;

/// <summary>Reads the settings of a command.</summary>
internal static class SettingsOf
{
    /// <summary>The settings; null when --print-config asked to show them, which is done then.</summary>
    /// <exception cref="UsageException">A setting is wrong.</exception>
    public static Settings? Command(ParseResult line, CommandOptions options, Terminal terminal)
    {
        SettingValues values = SettingValues.Read(line, options, terminal);
        Settings settings = SettingsReader.Read(values);
        if (line.GetValue(options.PrintConfig))
        {
            if (settings.Json) JsonOutput.Write(ConfigReport.Json(values), terminal);
            else terminal.Out.Write(ConfigReport.Text(values));
            return null;
        }
        foreach ((string source, string name, _) in values.Unknown)
            if (source == values.File.Path)
            {
                string? nearest = Suggestion.Nearest(name, SettingList.All.Select(setting => setting.Name));
                terminal.Error.WriteLine($"warning: {source}: no setting is called {OneLine.Of(name)}{(nearest is null ? "" : $", did you mean {nearest}?")}");
            }
        return settings;
    }
}
