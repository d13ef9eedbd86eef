using Llama4.Kernels;

namespace Llama4.Core.Cache;

/// <summary>The pages of the layers that one device has.</summary>
/// <param name="index">Of the device in the placement.</param>
/// <param name="fullBytes">Of a page of the layers that see everything; 0 when there are none.</param>
/// <param name="chunkBytes">Of a page of the chunked layers; 0 when there are none.</param>
/// <param name="chunkLength">Positions that chunked layers keep.</param>
sealed class KvCachePart(Device device, int index, long fullBytes, long chunkBytes, int chunkLength) : IDisposable
{
    public Device Device => device;

    public int Index => index;

    public PagePool Full { get; } = new(device, fullBytes);

    public PagePool Chunked { get; } = new(device, chunkBytes);

    public PagePool Pool(bool isChunked) => isChunked ? Chunked : Full;

    /// <summary>Pages of a kind that a sequence of <paramref name="length"/> positions takes.</summary>
    public long Pages(long length, bool isChunked)
    {
        if (Pool(isChunked).PageBytes == 0) return 0;
        return ((isChunked ? Math.Min(length, chunkLength) : length) + KvCache.PageRows - 1) / KvCache.PageRows;
    }

    /// <summary>Bytes of those pages.</summary>
    public long BytesFor(long length) => Pages(length, isChunked: false) * fullBytes + Pages(length, isChunked: true) * chunkBytes;

    public void Dispose()
    {
        Full.Dispose();
        Chunked.Dispose();
    }
}
