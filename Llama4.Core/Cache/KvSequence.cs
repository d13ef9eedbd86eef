namespace Llama4.Core.Cache;

/// <summary>One sequence's part of the cache: its length and pages.</summary>
public sealed class KvSequence : IDisposable
{
    readonly KvCache cache;
    readonly List<long>[] full, chunk;
    bool disposed;

    internal KvSequence(KvCache cache)
    {
        this.cache = cache;
        full = [.. cache.Parts.Select(_ => new List<long>())];
        chunk = [.. cache.Parts.Select(_ => new List<long>())];
    }

    /// <summary>Positions written so far; the next row stands at this position.</summary>
    public int Length { get; private set; }

    /// <summary>Its pages of a kind in a part of the cache.</summary>
    internal List<long> Pages(int part, bool isChunked) => (isChunked ? chunk : full)[part];

    /// <summary>Makes room for <paramref name="rows"/> more positions and counts them as written.</summary>
    /// <exception cref="OutOfMemoryException">The device has no memory for another page; the length is unchanged.</exception>
    internal void Extend(int rows)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        int length = checked(Length + rows);
        for (int i = 0; i < full.Length; i++)
        {
            KvCachePart part = cache.Parts[i];
            while (full[i].Count < part.Pages(length, isChunked: false)) full[i].Add(part.Full.Take());
            while (chunk[i].Count < part.Pages(length, isChunked: true)) chunk[i].Add(part.Chunked.Take());
        }
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
        if (size > 0 && cache.HasChunkedLayers && length / size != (Length - 1) / size) length -= length % size;
        for (int i = 0; i < full.Length; i++)
            for (List<long> pages = full[i]; pages.Count > cache.Parts[i].Pages(length, isChunked: false); pages.RemoveAt(pages.Count - 1))
                cache.Parts[i].Full.Return(pages[^1]);
        return Length = length;
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        for (int i = 0; i < full.Length; i++)
        {
            foreach (long page in full[i]) cache.Parts[i].Full.Return(page);
            foreach (long page in chunk[i]) cache.Parts[i].Chunked.Return(page);
            full[i].Clear();
            chunk[i].Clear();
        }
    }
}
