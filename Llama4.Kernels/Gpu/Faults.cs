using System.Diagnostics;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Kernels.Gpu;

sealed unsafe partial class GpuDevice
{
    const int NotReady = 600;

    readonly nint queryStream, copy;
    volatile DeviceFaultException? fault;

    /// <summary>Longer than any work takes: what is not done by then never will be.</summary>
    internal static TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>The first thing in everything that needs the driver.</summary>
    /// <exception cref="DeviceFaultException">There was a fault.</exception>
    void ThrowIfDead()
    {
        if (fault is { } first) throw new DeviceFaultException($"{Name} is out of service: {first.Message}", first);
    }

    /// <summary>What to throw after an error of the driver. Unless memory is short, the device is dead from now on.</summary>
    /// <param name="doing">What failed, as in "copying 12 bytes".</param>
    internal Exception Failed(string doing, Exception error)
    {
        if (error is CudaException { Error: nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) })
            return new OutOfMemoryException(
                $"{doing}: {AllocatedBytes:N0} bytes already held on {Name} with {accelerator.MemorySize:N0} ({error.Message}): free some, or ask for less", error);
        return Die($"{doing} failed on {Name}: {error.Message}", error);
    }

    DeviceFaultException Die(string message, Exception? cause = null)
    {
        var died = new DeviceFaultException(message, cause);
        // What comes after the first fault comes of it.
        if (Interlocked.CompareExchange(ref fault, died, null) is { } first) return first;
        Abandon(Resources());
        return died;
    }

    List<AcceleratorObject> Resources()
    {
        var resources = new List<AcceleratorObject>();
        foreach (WeakReference<AcceleratorObject> child in IlgpuInternals.Children(accelerator).ToArray())
            if (child.TryGetTarget(out AcceleratorObject? resource)) resources.Add(resource);
        return resources;
    }

    /// <summary>What ILGPU has of a dead driver is not freed: its finalizers end the process when the driver refuses, and wait for a kernel that does not end.</summary>
    void Abandon(List<AcceleratorObject> resources)
    {
        foreach (AcceleratorObject resource in resources) GC.SuppressFinalize(resource);
        GC.SuppressFinalize(accelerator);
    }

    /// <summary>Waits for all work of the stream, but not for ever.</summary>
    void Finish(AcceleratorStream work)
    {
        if (work is not CudaStream cuda)
        {
            work.Synchronize();
            return;
        }
        accelerator.Bind();
        var query = (delegate* unmanaged<nint, int>)queryStream;
        long start = Stopwatch.GetTimestamp();
        int status;
        while ((status = query(cuda.StreamPtr)) == NotReady)
        {
            TimeSpan waited = Stopwatch.GetElapsedTime(start);
            if (waited > Patience)
                throw Die($"a kernel on {Name} does not end: it was given {Patience.TotalSeconds:0} seconds");
            // A step of an answer is over soon; what takes longer can wait a millisecond more.
            if (waited.TotalMilliseconds < 50) Thread.Yield();
            else Thread.Sleep(1);
        }
        CudaException.ThrowIfFailed((CudaError)status);
    }

    /// <summary>Frees something of the driver's, if the device lives. An error is one of the device, not of who frees.</summary>
    internal void Free(IDisposable resource)
    {
        if (fault is not null) return;
        try
        {
            resource.Dispose();
        }
        catch (AcceleratorException error)
        {
            Failed("freeing", error);
        }
    }
}
