using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    readonly Dictionary<Type, LoadedKernel> kernels = [];

    /// <summary>A thread for each of <paramref name="count"/> numbers.</summary>
    internal void ForNumbers<TKernel>(long count, in TKernel kernel)
        where TKernel : unmanaged, IKernel => Launch((count + groupThreads - 1) / groupThreads, kernel);

    /// <summary>A warp for each of <paramref name="count"/> items.</summary>
    void ForWarps<TKernel>(long count, in TKernel kernel)
        where TKernel : unmanaged, IKernel
    {
        int warps = groupThreads / Lanes.Count;
        Launch((count + warps - 1) / warps, kernel);
    }

    /// <param name="threads">Threads of a group; absent: <see cref="groupThreads"/>. More than those only if a kernel never has fewer.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a group; a kernel that has none asks for none.</param>
    internal void Launch<TKernel>(long groups, in TKernel kernel, int? threads = null, int sharedBytes = 0)
        where TKernel : unmanaged, IKernel
    {
        if (groups == 0) return;
        ThrowIfDead();
        try
        {
            if (!kernels.TryGetValue(typeof(TKernel), out LoadedKernel? loaded)) kernels.Add(typeof(TKernel), loaded = Load<TKernel>(threads ?? groupThreads));
            loaded.AllowShared(sharedBytes);
            int groupSize = threads ?? groupThreads;
            KernelConfig config = sharedBytes == 0
                ? new(checked((int)groups), groupSize) : new(checked((int)groups), groupSize, SharedMemoryConfig.RequestDynamic<byte>(sharedBytes));
            ((Action<AcceleratorStream, KernelConfig, TKernel>)loaded.Launcher)(stream, config, kernel);
        }
        catch (AcceleratorException error)
        {
            throw Failed($"launching {typeof(TKernel).Name}", error);
        }
    }

    LoadedKernel Load<TKernel>(int threads)
        where TKernel : unmanaged, IKernel
    {
        ThrowIfRecording($"loading {typeof(TKernel).Name}");
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(KernelEntry.Of(typeof(TKernel)));
        CompiledKernel compiled = accelerator.GetBackend().Compile(entry, new KernelSpecialization(Math.Max(threads, groupThreads), TKernel.Groups));
        if (compiled is PTXCompiledKernel ptx)
            IlgpuInternals.Text(ptx) = PtxPatcher.Patch(ptx.PTXAssembly, TargetOf(accelerator));
        Kernel loaded = accelerator.LoadKernel(compiled);
        return new LoadedKernel(loaded, loaded.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>());
    }
}
