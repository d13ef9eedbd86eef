using Llama4.Core;

namespace Llama4.Cli.Configuration;

/// <summary>All settings.</summary>
internal static class SettingList
{
    public static readonly Setting Model = new(
        "model", "PATH", "Model: a GGUF file, or a folder with safetensors. Default: the demo model that comes along.");
    public static readonly Setting Mmproj = new("mmproj", "FILE", "GGUF file with the vision part. Default: the one beside the model.");
    public static readonly Setting Context = new(
        "ctx", "TOKENS", "Longest conversation with its answer. Default: what the model allows, bounded by free memory.");
    public static readonly Setting Threads = new("threads", "N", "Threads that compute. Default: one per core.");
    public static readonly Setting CpuPath = new("cpu-path", "NAME", "Instructions of the processor that multiply, as doctor lists them. Default: auto, the first it has.");
    public static readonly Setting Repack = new("repack", "on|off", "Whether loading copies weights into a layout that the processor multiplies faster, memory permitting. Default: on.") { Choices = ["on", "off"] };
    public static readonly Setting Device = new("device", "NAME", "What computes: cpu, cuda or cuda:N for a GPU, auto for a GPU if one will do. Default: cpu.");
    public static readonly Setting GpuLayers = new(
        "gpu-layers", "N", "Layers on the GPU, from the last on. Default: all of them; with --device auto as many as fit.");
    public static readonly Setting CpuExperts = new(
        "cpu-experts", "N", "Layers, from the first on, whose experts stay on the processor while the rest is on the GPU.");
    public static readonly Setting Temperature = new("temperature", "T", "0 always takes the likeliest token. Default: what the model's files say.");
    public static readonly Setting TopP = new("top-p", "P", "Only the likeliest tokens that together have this probability.");
    public static readonly Setting TopK = new("top-k", "K", "Only the K likeliest tokens; 0: all.");
    public static readonly Setting MinP = new("min-p", "P", "Only tokens at least P times as likely as the likeliest.");
    public static readonly Setting Seed = new("seed", "N", "Same seed, same answer.");
    public static readonly Setting MaxTokens = new("max-tokens", "N", "End an answer after N tokens. Default: the rest of the context.");
    public static readonly Setting Stop = new("stop", "TEXT", "End an answer before this text. May be given several times.") { IsList = true };
    public static readonly Setting System = new("system", "TEXT", "System message that starts the conversation.");
    public static readonly Setting Kv = new("kv", "FORMAT", "Format of cached keys and values.") { Choices = ["f32", "f16", "bf16", "q8_0"] };
    public static readonly Setting Json = new("json", "", "Write one JSON document to standard output instead of text.");

    /// <summary>What loading a model needs.</summary>
    public static readonly IReadOnlyList<Setting> Loading = [Model, Mmproj, Context, Threads, CpuPath, Repack, Kv, Device, GpuLayers, CpuExperts];

    /// <summary>How an answer is made.</summary>
    public static readonly IReadOnlyList<Setting> Answering = [Temperature, TopP, TopK, MinP, Seed, MaxTokens, Stop, System];

    public static readonly IReadOnlyList<Setting> All = [.. Loading, .. Answering, Json];

    /// <summary>The library's complaint with the flag's name for the field at fault.</summary>
    public static string InFlags(InvalidRequestException problem)
    {
        Setting? setting = problem.Field switch
        {
            null => null,
            "context_size" => Context,
            "cache_encoding" => Kv,
            string field => Find(field.Replace('_', '-')),
        };
        return setting is null || !problem.Message.StartsWith(problem.Field!, StringComparison.Ordinal) ? problem.Message
            : setting.Flag + problem.Message[problem.Field!.Length..];
    }

    /// <summary>Advice of the library about memory, with the flags' names.</summary>
    public static string InFlags(OutOfMemoryException problem) =>
        problem.Message.Replace("gpu_layers", GpuLayers.Flag, StringComparison.Ordinal).Replace("cpu_experts", CpuExperts.Flag, StringComparison.Ordinal);

    public static Setting? Find(string name) => All.FirstOrDefault(setting => setting.Name == name);
}
