using System.CommandLine;
using System.Text.Json.Nodes;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Output;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Cli.Commands;

/// <summary>Shows what a model's files say, from their headers alone.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var file = new Argument<string>("file") { Description = "A GGUF file, or a folder with safetensors." };
        var command = new Command("inspect", "Show a model's metadata and tensors without loading it.") { file };
        options.AddTo(command, SettingList.Mmproj, SettingList.Json);
        command.SetAction(line =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
            string path = terminal.FullPath(line.GetRequiredValue(file));
            using Checkpoint checkpoint = Checkpoint.Open(path, settings.Mmproj is null ? null : terminal.FullPath(settings.Mmproj));
            if (settings.Json) JsonOutput.Write(Json(checkpoint), terminal);
            else Write(checkpoint, terminal);
            return ExitCode.Ok;
        });
        return command;
    }

    static void Write(Checkpoint checkpoint, Terminal terminal)
    {
        foreach (string warning in checkpoint.Warnings) terminal.Error.WriteLine("warning: " + warning);
        var summary = new TextTable("model", checkpoint.Path);
        foreach ((string name, string value) in ModelSummary.Lines(checkpoint)) summary.Add(name, value);
        TableWriter.Write(summary, terminal);

        terminal.Out.WriteLine();
        var metadata = new TextTable("key", "value");
        foreach ((string key, string value) in checkpoint.Metadata) metadata.Add(OneLine.Of(key), OneLine.Of(value));
        TableWriter.Write(metadata, terminal);

        terminal.Out.WriteLine();
        bool hasParts = checkpoint.Tensors.Select(tensor => tensor.File).Distinct().Count() > 1;
        var tensors = new TextTable(["tensor", "shape", "encoding", "bytes", .. hasParts ? ["file"] : Array.Empty<string>()]);
        foreach (TensorInfo tensor in checkpoint.Tensors)
        {
            string[] cells = [OneLine.Of(tensor.Name), string.Join(" x ", tensor.Dimensions), tensor.Encoding.ToString(), Units.Bytes(tensor.Bytes)];
            tensors.Add(hasParts ? [.. cells, Path.GetFileName(tensor.File)] : cells);
        }
        TableWriter.Write(tensors, terminal);
    }

    static JsonObject Json(Checkpoint checkpoint) => new()
    {
        ["path"] = checkpoint.Path,
        ["parameters"] = ModelSummary.Parameters(checkpoint),
        ["weight_bytes"] = checkpoint.WeightBytes,
        ["summary"] = new JsonObject(ModelSummary.Lines(checkpoint).Select(line => KeyValuePair.Create(line.Name, (JsonNode?)line.Value))),
        ["warnings"] = new JsonArray([.. checkpoint.Warnings.Select(warning => (JsonNode)warning)]),
        ["metadata"] = new JsonArray([.. checkpoint.Metadata.Select(pair => (JsonNode)new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value })]),
        ["tensors"] = new JsonArray([.. checkpoint.Tensors.Select(tensor => (JsonNode)new JsonObject
        {
            ["name"] = tensor.Name,
            ["shape"] = new JsonArray([.. tensor.Dimensions.Select(size => (JsonNode)size)]),
            ["encoding"] = tensor.Encoding.ToString(),
            ["file"] = tensor.File,
            ["offset"] = tensor.Offset,
            ["bytes"] = tensor.Bytes,
        })]),
    };
}
