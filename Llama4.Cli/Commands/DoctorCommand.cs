using System.CommandLine;
using System.Text.Json.Nodes;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Machine;
using Llama4.Cli.Output;

namespace Llama4.Cli.Commands;

/// <summary>Shows what of this machine matters for speed and memory. It only reads.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var command = new Command("doctor", "Show what of this machine matters for speed and memory, and what to change.");
        options.AddTo(command, SettingList.Json);
        command.SetAction(line =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return;
            IReadOnlyList<Finding> findings = MachineReport.Read();
            if (settings.Json) JsonOutput.Write(new JsonObject(findings.Select(Entry)), terminal);
            else Write(findings, terminal);
        });
        return command;
    }

    static void Write(IReadOnlyList<Finding> findings, Terminal terminal)
    {
        var table = new TextTable("what", "found");
        foreach (Finding finding in findings) table.Add(finding.Name, finding.Value);
        TableWriter.Write(table, terminal);
        foreach (Finding finding in findings)
            if (finding.Advice is not null) terminal.Out.WriteLine($"{finding.Name}: {finding.Advice}");
    }

    static KeyValuePair<string, JsonNode?> Entry(Finding finding) =>
        KeyValuePair.Create(finding.Name, (JsonNode?)new JsonObject { ["found"] = finding.Value, ["advice"] = finding.Advice });
}
