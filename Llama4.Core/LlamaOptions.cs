using Llama4.Core.Generation;
using Llama4.Kernels;

namespace Llama4.Core;

/// <summary>How a model is loaded. Every default fits every model.</summary>
public sealed record LlamaOptions
{
    /// <summary>Most tokens of a prompt with its answer; null: as many as the model was made for and the cache holds.</summary>
    public int? ContextSize { get; init; }

    /// <summary>How keys and values are kept: F32, F16, BF16 or Q8_0.</summary>
    public Encoding CacheEncoding { get; init; } = Encoding.BF16;

    /// <summary>Most memory for keys and values, taken as it is needed; null: half of what is free beside the weights, on a GPU all of it.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>Threads that compute; null: one for each processor.</summary>
    public int? Threads { get; init; }

    /// <summary>The processor's instructions for products of weights: a name of <see cref="Kernels.Cpu.CpuPath.All"/>, or "auto" for the first it has.</summary>
    public string CpuPath { get; init; } = Kernels.Cpu.CpuPath.Auto;

    /// <summary>
    /// Whether quantised weights are copied at load into a layout that the processor multiplies faster, as far as half of the free memory goes:
    /// slower to load, faster to answer, the same answers. Without: the file is used where it lies.
    /// </summary>
    public bool Repack { get; init; } = true;

    /// <summary>
    /// What computes: "cpu"; "cuda" or "cuda:1", an NVIDIA GPU by its number; "auto", the first GPU and, where there is none or it is too small,
    /// the processor, which <see cref="Llama.DeviceNote"/> tells.
    /// </summary>
    public string Device { get; init; } = DeviceSet.Cpu;

    /// <summary>Layers on the GPU, counted from the last; null: all, with "auto" as many as fit. The processor computes the others.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>Layers, from the first on, whose routed experts stay in the memory of the processor, which computes them.</summary>
    public int CpuExperts { get; init; }

    /// <summary>Requests that are computed together; more wait for their turn.</summary>
    public int MaxParallel { get; init; } = 16;

    /// <summary>
    /// Tokens of prompts that a step reads at most, and so what an answer beside it waits for. Changes the speed, never the answers.
    /// </summary>
    public int PrefillChunk { get; init; } = 256;

    /// <summary>Seed of requests that bring none; null: each request has another one.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The vision part of a GGUF model (mmproj); null: the only one beside the model.</summary>
    public string? VisionPath { get; init; }

    /// <exception cref="InvalidRequestException">A value is out of its range.</exception>
    internal void Validate(int mostContext)
    {
        Check("context_size", ContextSize, 2, mostContext);
        Check("cache_bytes", CacheBytes, 1, long.MaxValue);
        Check("threads", Threads, 1, 1024);
        if (Kernels.Cpu.CpuPath.Problem(CpuPath) is string problem) throw new InvalidRequestException($"cpu_path: {problem}") { Field = "cpu_path" };
        Check("gpu_layers", GpuLayers, 0, 100_000);
        Check("cpu_experts", CpuExperts, 0, 100_000);
        DeviceSet.CudaIndex(Device);
        Check("max_parallel", MaxParallel, 1, 1024);
        Check("prefill_chunk", PrefillChunk, 1, 65_536);
    }

    static void Check(string field, long? value, long least, long most)
    {
        if (value < least || value > most)
            throw new InvalidRequestException($"{field}: {value} is out of range, expected {least} to {most}") { Field = field };
    }
}
