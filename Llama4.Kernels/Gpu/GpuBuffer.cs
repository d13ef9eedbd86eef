using ILGPU;
using ILGPU.Runtime;

namespace Llama4.Kernels.Gpu;

/// <summary>Zeroed device memory.</summary>
sealed class GpuBuffer : Buffer
{
    // Loads of 16 bytes may begin up to 14 bytes before what they are for, and end as far behind; a second one may follow that is not needed.
    const int Slack = 32;

    readonly GpuDevice device;
    readonly MemoryBuffer1D<byte, Stride1D.Dense> memory;
    int disposed;

    /// <summary>Zeroed in the order of the stream. Errors are the driver's.</summary>
    public GpuBuffer(GpuDevice device, Accelerator accelerator, AcceleratorStream stream, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        this.device = device;
        Bytes = bytes;
        memory = accelerator.Allocate1D<byte>(checked(bytes + Slack));
        memory.MemSetToZero(stream);
        device.CountAllocated(bytes);
    }

    public override long Bytes { get; }

    public override long Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
            return memory.NativePtr;
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        device.Free(memory);
        device.CountAllocated(-Bytes);
    }
}
