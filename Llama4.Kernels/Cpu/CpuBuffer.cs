using System.Runtime.InteropServices;

namespace Llama4.Kernels.Cpu;

/// <summary>Zeroed native memory, aligned to a cache line. Pages that were never touched cost nothing yet.</summary>
sealed unsafe class CpuBuffer : Buffer
{
    public const int Alignment = 64;

    static long processBytes;

    readonly CpuDevice device;
    readonly void* block;
    readonly long start;
    int disposed;

    /// <exception cref="OutOfMemoryException">More than the machine, or the limit of this process, has.</exception>
    public CpuBuffer(CpuDevice device, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        this.device = device;
        Bytes = bytes;
        // The system grants more than it has and ends the process when the pages are touched, so the limit is ours to keep.
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        long held = Interlocked.Add(ref processBytes, bytes);
        block = held < 0 || held > available ? null : TryAllocate(bytes);
        if (block is null)
        {
            Interlocked.Add(ref processBytes, -bytes);
            throw new OutOfMemoryException(
                $"{bytes:N0} bytes asked for, {held - bytes:N0} already held, {available:N0} available to this process: free some, or ask for less");
        }
        start = (long)block + (Alignment - 1) & -Alignment;
        device.Register(this);
    }

    public override long Bytes { get; }

    public override long Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
            return start;
        }
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        NativeMemory.Free(block);
        Interlocked.Add(ref processBytes, -Bytes);
        device.Forget(this);
    }

    static void* TryAllocate(long bytes)
    {
        try
        {
            return NativeMemory.AllocZeroed(checked((nuint)bytes + Alignment));
        }
        catch (OutOfMemoryException)
        {
            return null; // Reported by the caller, with numbers.
        }
    }
}
