using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Driver;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

/// <summary>
/// A GPU through ILGPU. Operations enqueue their kernels on one stream; each is in a file of its own beside its kernel.
/// For one calling thread at a time.
/// </summary>
sealed partial class GpuDevice : Device
{
    /// <summary>Threads of a group on a real GPU.</summary>
    public const int GroupThreads = 256;

    readonly Context context;
    readonly Accelerator accelerator;
    readonly AcceleratorStream stream;
    readonly int groupThreads;
    readonly ActivationPrecision activations;
    readonly DeviceScratch byteScratch, fragmentScratch, bfloatScratch, orderScratch;
    long allocatedBytes;

    /// <param name="context">Made with <see cref="KernelCompiler.Configure"/>; the device disposes it.</param>
    /// <param name="accelerator">Of that context; the device disposes it.</param>
    /// <param name="groupThreads">Threads of a group, a multiple of 32. Sums over a row depend on it.</param>
    /// <param name="activations">
    /// How linear layers take their input: Float32 as it is; else few rows as bytes where weights are quantised, and many rows as bfloat16.
    /// </param>
    public GpuDevice(Context context, Accelerator accelerator, int groupThreads = GroupThreads, ActivationPrecision activations = ActivationPrecision.Int8)
    {
        if (groupThreads < Lanes.Count || groupThreads % Lanes.Count != 0 || groupThreads > accelerator.MaxNumThreadsPerGroup || accelerator.WarpSize != Lanes.Count)
            throw new ArgumentException(
                $"groups of {groupThreads} threads on {accelerator.Name} with warps of {accelerator.WarpSize}; expected warps of {Lanes.Count} and a multiple up to {accelerator.MaxNumThreadsPerGroup}",
                nameof(groupThreads));
        this.context = context;
        this.accelerator = accelerator;
        this.groupThreads = groupThreads;
        this.activations = activations;
        byteScratch = new DeviceScratch(this);
        fragmentScratch = new DeviceScratch(this);
        bfloatScratch = new DeviceScratch(this);
        orderScratch = new DeviceScratch(this);
        stream = accelerator.CreateStream();
        spanScratch = new DeviceScratch(this);
        groupScratch = new DeviceScratch(this);
        drawScratch = new DeviceScratch(this);
        if (stream is not CudaStream) return;
        queryStream = CudaDriver.Function("cuStreamQuery");
        copy = CudaDriver.Function("cuMemcpyAsync");
    }

    public override string Name => accelerator.Name;

    internal int ThreadsOfAGroup => groupThreads;

    /// <summary>Memory of the whole GPU in bytes.</summary>
    internal long MemoryBytes => accelerator.MemorySize;

    public override long AllocatedBytes => Interlocked.Read(ref allocatedBytes);

    public override Buffer Allocate(long bytes)
    {
        ThrowIfDead();
        ThrowIfRecording("allocating memory");
        try
        {
            return new GpuBuffer(this, accelerator, stream, bytes);
        }
        catch (AcceleratorException error)
        {
            throw Failed($"{bytes:N0} bytes asked for", error);
        }
    }

    internal void CountAllocated(long bytes) => Interlocked.Add(ref allocatedBytes, bytes);

    public override void Dispose()
    {
        List<AcceleratorObject> resources = Resources();
        foreach (ExpertTable table in expertTables.Values) table.Addresses.Buffer.Dispose();
        foreach (DeviceScratch scratch in (DeviceScratch[])[byteScratch, fragmentScratch, bfloatScratch, orderScratch, spanScratch, groupScratch, drawScratch]) scratch.Dispose();
        foreach (Staging staging in stagings ?? []) Free(staging);
        if (uploads is not null) Free(uploads);
        Free(stream);
        Free(accelerator);
        Free(context);
        if (fault is not null) Abandon(resources);
    }
}
