namespace Llama4.Kernels.Cpu;

/// <summary>How a <see cref="CpuDevice"/> computes.</summary>
public sealed record CpuOptions
{
    /// <summary>Threads that compute, the calling one included. Default: the processors this process may use, container limits included.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>How linear layers take their input.</summary>
    public ActivationPrecision Activations { get; init; } = ActivationPrecision.Int8;
}
