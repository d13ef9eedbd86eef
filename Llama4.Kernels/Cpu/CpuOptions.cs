namespace Llama4.Kernels.Cpu;

/// <summary>How a <see cref="CpuDevice"/> computes.</summary>
public sealed record CpuOptions
{
    /// <summary>Threads that compute, the calling one included. Default: the processors this process may use, container limits included.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Name of a <see cref="CpuPath"/>, or <see cref="CpuPath.Auto"/>.</summary>
    public string Path { get; init; } = CpuPath.Auto;

    /// <summary>How linear layers take their input.</summary>
    public ActivationPrecision Activations { get; init; } = ActivationPrecision.Int8;
}
