using ILGPU;
using ILGPU.Runtime.CPU;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Tests.Gpu;

/// <summary>The GPU device on ILGPU's emulated GPU; only inside <see cref="Emulated.Check"/>, and only for tiny shapes.</summary>
static class EmulatedDevice
{
    /// <param name="groupThreads">Each is a thread of the system.</param>
    public static GpuDevice Create(int groupThreads = 32, ActivationPrecision activations = ActivationPrecision.Int8)
    {
        Context context = Context.Create(builder => KernelCompiler.Configure(builder).CPU(CPUDeviceKind.Nvidia));
        return new GpuDevice(context, context.GetCPUDevice(0).CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel), groupThreads, activations);
    }
}
