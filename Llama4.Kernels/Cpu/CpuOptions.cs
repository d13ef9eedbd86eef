namespace Llama4.Kernels.Cpu;

/// <summary>How a <see cref="CpuDevice"/> computes.</summary>
public sealed record CpuOptions
{
    /// <summary>
    /// Threads that compute, the calling one included. Default: the cores this process may use, container limits included; where the system does
    /// not tell which processors share a core, the processors.
    /// </summary>
    public int Threads { get; init; } = Processors.Cores;

    /// <summary>Name of a <see cref="CpuPath"/>, or <see cref="CpuPath.Auto"/>.</summary>
    public string Path { get; init; } = CpuPath.Auto;

    /// <summary>How linear layers take their input.</summary>
    public ActivationPrecision Activations { get; init; } = ActivationPrecision.Int8;
}
