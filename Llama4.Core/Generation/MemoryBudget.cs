using Llama4.Core.Cache;

namespace Llama4.Core.Generation;

/// <summary>How much memory the cache may take, and how long a context that allows.</summary>
internal static class MemoryBudget
{
    /// <summary>
    /// Half of the memory that is free, after the weights, which the system keeps in its file cache; but at least a sixteenth of all,
    /// for models larger than the memory.
    /// </summary>
    public static long CacheBytes(long weightBytes)
    {
        // The collector measures the memory of the machine, or of the container, whenever it runs.
        GC.Collect(0);
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long free = memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes;
        return Math.Max((free - weightBytes) / 2, memory.TotalAvailableMemoryBytes / 16);
    }

    /// <summary>The longest context, up to <paramref name="most"/>, whose keys and values fit.</summary>
    public static int Context(KvCache cache, long cacheBytes, int most)
    {
        int fits = 0;
        for (int step = 1 << 30; step > 0; step >>= 1)
            if (fits <= most - step && cache.BytesFor(fits + step) <= cacheBytes) fits += step;
        return fits;
    }
}
