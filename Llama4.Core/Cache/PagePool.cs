using Llama4.Kernels;

namespace Llama4.Core.Cache;

/// <summary>Fixed-size pages of device memory, handed out by address. Grows in slabs as pages are asked for; freed pages are used again.</summary>
sealed class PagePool(Device device, long pageBytes) : IDisposable
{
    /// <summary>Slabs are at least this large, so that small models do not ask the system for every page.</summary>
    const long SlabBytes = 1 << 20;

    readonly List<Kernels.Buffer> slabs = [];
    readonly Stack<long> free = new();

    public long PageBytes => pageBytes;

    /// <summary>Bytes taken from the device.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Bytes of pages in use.</summary>
    public long UsedBytes => AllocatedBytes - free.Count * pageBytes;

    /// <exception cref="OutOfMemoryException">The device has no memory for another slab.</exception>
    public long Take()
    {
        if (free.Count == 0) Grow();
        return free.Pop();
    }

    public void Return(long page) => free.Push(page);

    public void Dispose()
    {
        foreach (Kernels.Buffer slab in slabs) slab.Dispose();
        slabs.Clear();
        free.Clear();
        AllocatedBytes = 0;
    }

    void Grow()
    {
        int pages = (int)Math.Max(1, SlabBytes / pageBytes);
        Kernels.Buffer slab = device.Allocate(checked(pages * pageBytes));
        slabs.Add(slab);
        AllocatedBytes += pages * pageBytes;
        for (int page = pages - 1; page >= 0; page--) free.Push(slab.Address + page * pageBytes);
    }
}
