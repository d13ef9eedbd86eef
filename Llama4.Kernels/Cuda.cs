using Llama4.Kernels.Gpu;

namespace Llama4.Kernels;

/// <summary>NVIDIA's GPUs.</summary>
public static class Cuda
{
    /// <summary>Opens a GPU.</summary>
    /// <param name="index">From 0 on, in the driver's order.</param>
    /// <exception cref="DeviceUnavailableException">There is no driver, no such GPU, or one of them is too old; the message says what to do.</exception>
    public static Device Open(int index = 0) => GpuDevice.OpenCuda(index);
}
