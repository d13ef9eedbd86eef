using Llama4.Core.Cache;

namespace Llama4.Core.Generation;

/// <summary>How much memory the cache may take, and how long a context that allows.</summary>
internal static class MemoryBudget
{
    /// <summary>
    /// Half of what is left of the memory that this process may use beside what it uses and the weights, which the system keeps in its file cache;
    /// but at least a sixteenth of all, for models larger than the memory.
    /// </summary>
    public static long CacheBytes(long weightBytes)
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        long all = memory.TotalAvailableMemoryBytes;
        long rest = all - weightBytes - Environment.WorkingSet;
        return Math.Max(rest / 2, all / 16);
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
