using System.CommandLine;
using System.Text.Json.Nodes;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Output;
using Llama4.Core.Formats;

namespace Llama4.Cli.Commands;

/// <summary>Reads a whole model: headers and shapes, every number, and the hash of every file against a list beside it.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var file = new Argument<string>("file") { Description = "A GGUF file, or a folder with safetensors." };
        var command = new Command("verify", "Check a model's shapes, numbers and hashes (a SHA256SUMS file beside it, or FILE.sha256).") { file };
        options.AddTo(command, SettingList.Mmproj, SettingList.Json);
        command.SetAction(async (line, _) =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
            string path = terminal.FullPath(line.GetRequiredValue(file));
            using Interrupts.Scope work = terminal.Interrupts.Begin();
            using Checkpoint checkpoint = Checkpoint.Open(path, settings.Mmproj is null ? null : terminal.FullPath(settings.Mmproj));
            var progress = new LoadReport(terminal, TimeSpan.FromSeconds(2), "verifying");
            Task<VerifyReport> verifying = Task.Run(() => checkpoint.Verify(hashFiles: true, progress, work.Token), work.Token);
            if (terminal.StyleError) await LoadBar.ShowAsync(progress, verifying, terminal);
            VerifyReport report = await verifying;

            List<HashCheck> hashes = [.. report.Hashes.Select(pair => HashCheck.Of(pair.Key, pair.Value))];
            bool isGood = report.Problems.Count == 0 && hashes.All(hash => hash.Expected is null || hash.IsEqual);
            if (settings.Json) JsonOutput.Write(Json(checkpoint, report, hashes, isGood), terminal);
            else Write(checkpoint, report, hashes, isGood, terminal);
            return isGood ? ExitCode.Ok : ExitCode.BadModelFile;
        });
        return command;
    }

    static void Write(Checkpoint checkpoint, VerifyReport report, List<HashCheck> hashes, bool isGood, Terminal terminal)
    {
        foreach (string warning in checkpoint.Warnings) terminal.Error.WriteLine("warning: " + warning);
        foreach (VerifyProblem problem in report.Problems)
            terminal.Out.WriteLine($"{problem.File}: {OneLine.Of(problem.Tensor)}: {problem.NotFinite} numbers are NaN or infinite, "
                + $"the first at index {problem.FirstIndex}");
        foreach (HashCheck hash in hashes)
        {
            string verdict = hash.Expected is null ? "" : hash.IsEqual ? "  as listed" : $"  DIFFERS from the listed {hash.Expected}";
            terminal.Out.WriteLine($"{hash.Found}  {hash.File}{verdict}");
        }
        string counts = $"{checkpoint.Tensors.Count} tensors, {Units.Bytes(checkpoint.WeightBytes)}";
        string listed = hashes.Any(hash => hash.IsEqual) ? ", hashes as listed" : "";
        terminal.Out.WriteLine(isGood ? $"good: {counts}, shapes fit, all numbers finite{listed}" : $"damaged ({counts}): get the files again");
    }

    static JsonObject Json(Checkpoint checkpoint, VerifyReport report, List<HashCheck> hashes, bool isGood) => new()
    {
        ["path"] = checkpoint.Path,
        ["good"] = isGood,
        ["tensors"] = checkpoint.Tensors.Count,
        ["bytes"] = checkpoint.WeightBytes,
        ["problems"] = new JsonArray([.. report.Problems.Select(problem => (JsonNode)new JsonObject
        {
            ["file"] = problem.File,
            ["tensor"] = problem.Tensor,
            ["not_finite"] = problem.NotFinite,
            ["first_index"] = problem.FirstIndex,
        })]),
        ["files"] = new JsonArray([.. hashes.Select(hash => (JsonNode)new JsonObject
        {
            ["file"] = hash.File,
            ["sha256"] = hash.Found,
            ["expected"] = hash.Expected,
        })]),
    };
}
