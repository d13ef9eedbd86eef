using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>How much memory the cache may take, and how long a context that allows.</summary>
internal static class MemoryBudget
{
    /// <summary>What a driver, its kernels, the memory of operations and an image being encoded take on an accelerator.</summary>
    const long Reserve = 512 << 20;

    /// <summary>
    /// Half of the host's memory that is free, after the weights, which the system keeps in its file cache; but at least a sixteenth of all,
    /// for models larger than the memory.
    /// </summary>
    public static long HostCacheBytes(Device host, long weightBytes) =>
        Math.Max((host.FreeBytes - weightBytes) / 2, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 16);

    /// <summary>What is free on an accelerator once it has the weights, after a step.</summary>
    public static long AcceleratorCacheBytes(Device accelerator, TextConfig config, LlamaOptions options) =>
        Math.Max(0, accelerator.FreeBytes - StepBytes(config, options));

    /// <summary>What steps take on an accelerator beside weights and cache.</summary>
    public static long StepBytes(TextConfig config, LlamaOptions options) =>
        Reserve + Activations.Bytes(config, options.MaxParallel + options.PrefillChunk, options.MaxParallel);

    /// <summary>The longest context, up to <paramref name="most"/>, whose keys and values fit: on each device its part, and all of them together.</summary>
    /// <param name="partBytes">For each part of the cache.</param>
    public static int Context(KvCache cache, long[] partBytes, long allBytes, int most)
    {
        int fits = 0;
        for (int step = 1 << 30; step > 0; step >>= 1)
            if (fits <= most - step && Fits(cache, partBytes, allBytes, fits + step)) fits += step;
        return fits;
    }

    /// <summary>Bytes that all sequences together may take, as far as a context of this length is like them: the tightest device decides.</summary>
    public static long CacheBytes(KvCache cache, long[] partBytes, int context)
    {
        double most = double.MaxValue;
        for (int i = 0; i < partBytes.Length; i++)
            if (cache.Parts[i].BytesFor(context) is > 0 and long part) most = Math.Min(most, partBytes[i] * ((double)cache.BytesFor(context) / part));
        return (long)Math.Min(most, long.MaxValue / 2);
    }

    static bool Fits(KvCache cache, long[] partBytes, long allBytes, int length)
    {
        for (int i = 0; i < partBytes.Length; i++)
            if (cache.Parts[i].BytesFor(length) > partBytes[i]) return false;
        return cache.BytesFor(length) <= allBytes;
    }
}
