using System.Globalization;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Machine;
using Llama4.Core;
using Llama4.Core.Formats;

namespace Llama4.Cli.Output;

/// <summary>What is talking, and on what: the first lines of a chat, on standard error.</summary>
internal static class Banner
{
    public static void Write(Llama llama, Settings settings, Terminal terminal)
    {
        Checkpoint checkpoint = llama.Checkpoint;
        var table = new TextTable("", "");
        string name = settings.Model is null ? "llama4-demo, the small model that comes along" : checkpoint.Path;
        string senses = checkpoint.Config.Vision is null ? "text" : "text and pictures";
        table.Add("model", $"{name}: {Units.Count(ModelSummary.Parameters(checkpoint))} parameters, {senses}");
        table.Add("encodings", ModelSummary.Encodings(checkpoint));
        table.Add("context", $"{llama.ContextSize.ToString("N0", CultureInfo.InvariantCulture)} tokens");
        table.Add("device", llama.DeviceName);
        table.Add("memory", $"{Units.Bytes(checkpoint.WeightBytes)} weights, mapped; keys and values up to {Units.Bytes(llama.CacheBytes)}; {Units.Bytes(Memory.Available)} free");
        terminal.Error.Write(table.ToString().TrimStart('\n'));
    }
}
