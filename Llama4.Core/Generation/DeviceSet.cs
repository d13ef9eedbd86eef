using System.Globalization;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Gpu;

namespace Llama4.Core.Generation;

/// <summary>The devices that a model can be loaded on.</summary>
/// <param name="Host">The processor.</param>
/// <param name="Accelerator">Null: the processor does everything.</param>
/// <param name="Note">For people: why the processor does what a GPU might have done; null when nothing is to be said.</param>
internal sealed record DeviceSet(Device Host, Device? Accelerator = null, string? Note = null) : IDisposable
{
    public const string Cpu = "cpu", Auto = "auto", Cuda = "cuda";

    /// <summary>Opens what the options name.</summary>
    /// <exception cref="DeviceUnavailableException">They name a GPU that cannot be used.</exception>
    public static DeviceSet Open(LlamaOptions options)
    {
        int? index = CudaIndex(options.Device);
        Device host = new CpuDevice(new CpuOptions { Threads = options.Threads ?? new CpuOptions().Threads, Path = options.CpuPath });
        if (options.Device == Cpu) return new DeviceSet(host);
        try
        {
            return new DeviceSet(host, Kernels.Cuda.Open(index ?? 0));
        }
        catch (DeviceUnavailableException problem) when (options.Device == Auto)
        {
            return new DeviceSet(host, Note: "the processor computes: " + problem.Message);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>The number of the GPU that is named; null where none is.</summary>
    /// <exception cref="InvalidRequestException">It is the name of no device.</exception>
    public static int? CudaIndex(string device)
    {
        if (device is Cpu or Auto) return null;
        if (device == Cuda) return 0;
        if (device.StartsWith(Cuda + ":", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index)) return index;
        throw new InvalidRequestException($"device: there is no '{device}', expected auto, cpu, cuda or cuda:N") { Field = "device" };
    }

    public void Dispose()
    {
        Accelerator?.Dispose();
        Host.Dispose();
    }
}
