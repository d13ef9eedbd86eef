using ILGPU.Runtime.Cuda;

namespace Llama4.Kernels.Gpu.Driver;

/// <summary>The kernels of a step as one thing for the driver: launched at once, with hardly a gap between them.</summary>
sealed unsafe class CudaGraph : Recording
{
    // Calls of other threads, of ILGPU's finalizers for example, do not disturb the recording.
    const int ThisThread = 1;

    static readonly Lazy<Functions> functions = new(() => new Functions());

    readonly GpuDevice device;
    readonly CudaStream stream;
    nint executable;

    CudaGraph(GpuDevice device, CudaStream stream, nint executable, Action work) : base(work)
    {
        this.device = device;
        this.stream = stream;
        this.executable = executable;
    }

    /// <exception cref="CudaException">The driver refused.</exception>
    public static CudaGraph Record(GpuDevice device, CudaStream stream, Action work)
    {
        Functions f = functions.Value;
        nint graph = 0, executable = 0;
        Check(f.BeginCapture(stream.StreamPtr, ThisThread));
        try
        {
            work();
        }
        catch
        {
            // The stream must leave the recording, whatever has been recorded.
            if (f.EndCapture(stream.StreamPtr, &graph) == 0) f.DestroyGraph(graph);
            throw;
        }
        Check(f.EndCapture(stream.StreamPtr, &graph));
        int status = f.Instantiate(&executable, graph, 0);
        f.DestroyGraph(graph);
        Check(status);
        return new CudaGraph(device, stream, executable, work);
    }

    public override void Run() => device.Run(this);

    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch() => Check(functions.Value.LaunchGraph(executable, stream.StreamPtr));

    public override void Dispose()
    {
        nint own = Interlocked.Exchange(ref executable, 0);
        if (own != 0) device.Free(new Executable(own));
        base.Dispose();
    }

    static void Check(int status) => CudaException.ThrowIfFailed((CudaError)status);

    sealed class Executable(nint graph) : IDisposable
    {
        public void Dispose() => Check(functions.Value.DestroyExecutable(graph));
    }

    sealed class Functions
    {
        public readonly delegate* unmanaged<nint, int, int> BeginCapture = (delegate* unmanaged<nint, int, int>)CudaDriver.Function("cuStreamBeginCapture_v2");
        public readonly delegate* unmanaged<nint, nint*, int> EndCapture = (delegate* unmanaged<nint, nint*, int>)CudaDriver.Function("cuStreamEndCapture");
        public readonly delegate* unmanaged<nint*, nint, ulong, int> Instantiate = (delegate* unmanaged<nint*, nint, ulong, int>)CudaDriver.Function("cuGraphInstantiateWithFlags");
        public readonly delegate* unmanaged<nint, nint, int> LaunchGraph = (delegate* unmanaged<nint, nint, int>)CudaDriver.Function("cuGraphLaunch");
        public readonly delegate* unmanaged<nint, int> DestroyGraph = (delegate* unmanaged<nint, int>)CudaDriver.Function("cuGraphDestroy");
        public readonly delegate* unmanaged<nint, int> DestroyExecutable = (delegate* unmanaged<nint, int>)CudaDriver.Function("cuGraphExecDestroy");
    }
}
