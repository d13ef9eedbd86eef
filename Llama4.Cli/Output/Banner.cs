using System.Globalization;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Machine;
using Llama4.Core;
using Llama4.Core.Generation;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Cli.Output;

/// <summary>What is talking, and on what: the first lines of a chat, on standard error.</summary>
internal static class Banner
{
    public static void Write(Llama llama, Settings settings, Terminal terminal)
    {
        Checkpoint checkpoint = llama.Checkpoint;
        var table = new TextTable("", "");
        string name = settings.Model is null ? "llama4-demo (comes along)" : checkpoint.Path;
        string senses = checkpoint.Config.Vision is null ? "text" : "text and pictures";
        table.Add("model", $"{name}, {Units.Count(ModelSummary.Parameters(checkpoint))} parameters, {senses}");
        table.Add("encodings", ModelSummary.Encodings(checkpoint));
        Encoding cacheEncoding = settings.Kv ?? new LlamaOptions().CacheEncoding;
        long cacheBytes = MemoryEstimate.CacheBytes(checkpoint.Config.Text, llama.ContextSize, cacheEncoding);
        table.Add("context", $"{llama.ContextSize.ToString("N0", CultureInfo.InvariantCulture)} tokens");
        foreach (DeviceUse device in llama.Devices)
            table.Add("device", llama.Devices.Count == 1 ? device.Name : $"{device.Name}: {Units.Bytes(device.WeightBytes)} of the weights");
        string needs = $"{Units.Bytes(checkpoint.WeightBytes)} weights, {Units.Bytes(cacheBytes)} keys and values ({cacheEncoding})";
        table.Add("memory", $"{needs}; {Units.Bytes(Memory.Available)} free");
        terminal.Error.Write(table.ToString().TrimStart('\n'));
    }
}
