using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    readonly Dictionary<Type, Delegate> launchers = [];

    // The context only holds them weakly.
    [SuppressMessage("CodeQuality", "IDE0052", Justification = "keeps the kernels alive")]
    readonly List<Kernel> kernels = [];

    /// <summary>A thread for each of <paramref name="count"/> numbers.</summary>
    void ForNumbers<TKernel>(long count, in TKernel kernel)
        where TKernel : unmanaged, IKernel => Launch((count + groupThreads - 1) / groupThreads, kernel);

    /// <summary>A warp for each of <paramref name="count"/> items.</summary>
    void ForWarps<TKernel>(long count, in TKernel kernel)
        where TKernel : unmanaged, IKernel
    {
        int warps = groupThreads / Lanes.Count;
        Launch((count + warps - 1) / warps, kernel);
    }

    /// <param name="threads">Threads of a group, at most <see cref="groupThreads"/>; absent: as many.</param>
    void Launch<TKernel>(long groups, in TKernel kernel, int? threads = null)
        where TKernel : unmanaged, IKernel
    {
        if (groups == 0) return;
        if (!launchers.TryGetValue(typeof(TKernel), out Delegate? launcher)) launchers.Add(typeof(TKernel), launcher = Load<TKernel>());
        ((Action<AcceleratorStream, KernelConfig, TKernel>)launcher)(stream, new KernelConfig(checked((int)groups), threads ?? groupThreads), kernel);
    }

    Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : unmanaged, IKernel
    {
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(KernelEntry.Of(typeof(TKernel)));
        CompiledKernel compiled = accelerator.GetBackend().Compile(entry, new KernelSpecialization(groupThreads, 1));
        if (compiled is PTXCompiledKernel ptx)
            IlgpuInternals.Text(ptx) = PtxPatcher.Patch(ptx.PTXAssembly, TargetOf(accelerator));
        Kernel loaded = accelerator.LoadKernel(compiled);
        kernels.Add(loaded);
        return loaded.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>();
    }
}
