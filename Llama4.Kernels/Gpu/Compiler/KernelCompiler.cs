using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>From a C# method to PTX, without a GPU or a driver.</summary>
sealed class KernelCompiler : IDisposable
{
    /// <summary>With the instructions of the architecture that are not in its successors, such as wgmma.</summary>
    public const string Target = "sm_90a";

    readonly Context context;
    readonly PTXBackend backend;

    /// <param name="intrinsics">Further classes with own instructions.</param>
    public KernelCompiler(params ReadOnlySpan<Type> intrinsics)
    {
        Context.Builder builder = Context.Create();
        context = Configure(builder, intrinsics).ToContext();
        var capabilities = new CudaCapabilityContext(CudaArchitecture.SM_90);
        IlgpuInternals.SetTarget(capabilities, CudaArchitecture.SM_90);
        // The text is the same for every driver that knows the architecture's instructions.
        backend = new PTXBackend(context, capabilities, CudaArchitecture.SM_90, CudaInstructionSet.ISA_84, nvvmAPI: null);
    }

    /// <summary>O2: below it every access is to generic addresses and structs live in local memory. What it gets wrong, the patcher undoes.</summary>
    public static Context.Builder Configure(Context.Builder builder, params ReadOnlySpan<Type> intrinsics) =>
        PtxIntrinsics.Register(builder, intrinsics).Optimize(OptimizationLevel.O2);

    /// <param name="kernel">A static method, closed if generic, that uses Grid and Group indices.</param>
    /// <param name="threads">Most threads of a group.</param>
    /// <param name="groups">Groups that must fit on a multiprocessor at once; limits the registers.</param>
    public string Compile(MethodInfo kernel, int threads, int groups = 1)
    {
        var description = EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        var compiled = (PTXCompiledKernel)backend.Compile(description, new KernelSpecialization(threads, groups));
        return PtxPatcher.Patch(compiled.PTXAssembly, Target);
    }

    public void Dispose()
    {
        backend.Dispose();
        context.Dispose();
    }
}
