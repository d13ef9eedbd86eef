using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>The members of ILGPU 1.5.3 that this project needs and that are not public.</summary>
static class IlgpuInternals
{
    /// <summary>Where own instructions are registered.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_IntrinsicManager")]
    public static extern IntrinsicImplementationManager Intrinsics(Context.Builder builder);

    /// <summary>Everything of an accelerator that has a finalizer.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "childObjects")]
    public static extern ref List<WeakReference<AcceleratorObject>> Children(Accelerator accelerator);

    /// <summary>The text that the driver will be given.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<PTXAssembly>k__BackingField")]
    public static extern ref string Text(PTXCompiledKernel kernel);

    /// <summary>ILGPU never targets more than sm_80, whatever the device.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_TargetArchitecture")]
    public static extern void SetTarget(CudaCapabilityContext capabilities, CudaArchitecture architecture);
}
