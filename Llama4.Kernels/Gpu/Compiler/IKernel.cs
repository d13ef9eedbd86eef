using System.Reflection;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>A kernel and its arguments: numbers and device addresses only. Run is executed by every thread of the launch.</summary>
interface IKernel
{
    void Run();

    /// <summary>Groups that must find room on a multiprocessor at the same time: limits the registers of a thread.</summary>
    static virtual int Groups => 1;
}

/// <summary>What ILGPU compiles.</summary>
static class KernelEntry
{
    public static void Enter<TKernel>(TKernel kernel)
        where TKernel : unmanaged, IKernel => kernel.Run();

    public static MethodInfo Of(Type kernel) => typeof(KernelEntry).GetMethod(nameof(Enter))!.MakeGenericMethod(kernel);
}
