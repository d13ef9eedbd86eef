namespace Llama4.Kernels.Gpu;

/// <summary>
/// Device memory between two kernels of an operation. It only grows, and what it grew out of is kept: a recorded step may go on using that.
/// </summary>
sealed class DeviceScratch(GpuDevice device) : IDisposable
{
    readonly List<Buffer> buffers = [];

    /// <summary>Address of at least that many bytes. What an operation before left there is lost.</summary>
    public long Address(long bytes)
    {
        if (buffers.Count == 0 || buffers[^1].Bytes < bytes)
            buffers.Add(device.Allocate(buffers.Count == 0 ? bytes : Math.Max(bytes, 2 * buffers[^1].Bytes)));
        return buffers[^1].Address;
    }

    public void Dispose()
    {
        foreach (Buffer buffer in buffers) buffer.Dispose();
    }
}
