using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Llama4.Kernels.Gpu.Driver;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    bool isRecording;

    public override Recording Record(Action work)
    {
        ThrowIfDead();
        if (stream is not CudaStream cuda) return base.Record(work);
        accelerator.Bind();
        isRecording = true;
        try
        {
            return CudaGraph.Record(this, cuda, work);
        }
        catch (AcceleratorException error)
        {
            throw Failed("recording a step", error);
        }
        finally
        {
            isRecording = false;
        }
    }

    internal void Run(CudaGraph graph)
    {
        ThrowIfDead();
        accelerator.Bind();
        try
        {
            graph.Launch();
        }
        catch (AcceleratorException error)
        {
            throw Failed("running a recorded step", error);
        }
    }

    void ThrowIfRecording(string what)
    {
        if (isRecording) throw new InvalidOperationException($"{what} cannot be recorded: it belongs before the step");
    }
}
