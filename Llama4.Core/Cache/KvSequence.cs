namespace Llama4.Core.Cache;

/// <summary>One sequence's part of the cache: its length and pages.</summary>
public sealed class KvSequence : IDisposable
{
    readonly KvCache cache;
    readonly List<long> full = [], chunk = [];
    bool disposed;

    internal KvSequence(KvCache cache) => this.cache = cache;

    /// <summary>Positions written so far; the next row stands at this position.</summary>
    public int Length { get; private set; }

    internal List<long> FullPages => full;

    internal List<long> ChunkPages => chunk;

    /// <summary>Makes room for <paramref name="rows"/> more positions and counts them as written.</summary>
    /// <exception cref="OutOfMemoryException">The device has no memory for another page; the length is unchanged.</exception>
    internal void Extend(int rows)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        int length = checked(Length + rows);
        while (full.Count < cache.FullPages(length)) full.Add(cache.Full.Take());
        while (chunk.Count < cache.ChunkPages(length)) chunk.Add(cache.Chunked.Take());
        Length = length;
    }

    /// <summary>
    /// Forgets the positions from <paramref name="length"/> on. Chunked layers hold only the chunk of the last position, so a cut
    /// into an earlier chunk goes back to that chunk's start, where nothing of it is needed.
    /// </summary>
    /// <returns>The length that could be kept: at most <paramref name="length"/>.</returns>
    public int Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length >= Length) return Length;
        int size = cache.ChunkLength;
        if (size > 0 && cache.Chunked.PageBytes > 0 && length / size != (Length - 1) / size) length -= length % size;
        while (full.Count > cache.FullPages(length))
        {
            cache.Full.Return(full[^1]);
            full.RemoveAt(full.Count - 1);
        }
        return Length = length;
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        foreach (long page in full) cache.Full.Return(page);
        foreach (long page in chunk) cache.Chunked.Return(page);
        full.Clear();
        chunk.Clear();
    }
}
