using Llama4.Kernels;

namespace Llama4.Cli.Configuration;

/// <summary>The settings, checked. Null is "not set": the model's files or the library decide.</summary>
internal sealed record Settings
{
    public string? Model { get; init; }
    public string? Mmproj { get; init; }
    public int? Context { get; init; }
    public int? Threads { get; init; }
    public string? CpuPath { get; init; }
    public bool? Repack { get; init; }
    public Encoding? Kv { get; init; }
    public string? Device { get; init; }
    public int? GpuLayers { get; init; }
    public int? CpuExperts { get; init; }
    public float? Temperature { get; init; }
    public float? TopP { get; init; }
    public int? TopK { get; init; }
    public float? MinP { get; init; }
    public ulong? Seed { get; init; }
    public int? MaxTokens { get; init; }
    public IReadOnlyList<string> Stop { get; init; } = [];
    public string? System { get; init; }
    public bool Json { get; init; }
}
