using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Cache;

/// <summary>
/// Keys and values of all sequences. Layers of two kinds keep different amounts: a full-attention layer every position, a
/// chunked-attention layer only the current chunk, whose slots the next chunk overwrites (specification 1.7).
/// A page holds <see cref="PageRows"/> positions of all layers of its kind.
/// </summary>
public sealed class KvCache : IDisposable
{
    /// <summary>Positions in a page: small enough that a short chat costs little, large enough to stream.</summary>
    public const int PageRows = 64;

    readonly KvLayer[] layers;
    readonly bool[] isChunked;

    /// <param name="encoding">F32, F16, BF16 or Q8_0.</param>
    /// <exception cref="InvalidRequestException">The encoding does not fit the model's head width.</exception>
    public KvCache(Device device, TextConfig config, Encoding encoding)
    {
        if (encoding is not (Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.Q8_0))
            throw new InvalidRequestException($"cache entries cannot be {encoding}; choose F32, F16, BF16 or Q8_0");
        if (config.HeadDim % encoding.BlockLength() != 0)
            throw new InvalidRequestException($"{encoding} cache entries need a head width that is a multiple of 32; this model's is {config.HeadDim}");

        Device = device;
        Encoding = encoding;
        ChunkLength = config.ChunkLength;
        layers = new KvLayer[config.Layers];
        isChunked = new bool[config.Layers];
        long part = KvLayer.PartBytes(config.KvHeads, config.HeadDim, PageRows, encoding);
        long fullBytes = 0, chunkBytes = 0;
        for (int layer = 0; layer < config.Layers; layer++)
        {
            isChunked[layer] = config.UsesRope[layer] && config.ChunkLength > 0;
            ref long bytes = ref isChunked[layer] ? ref chunkBytes : ref fullBytes;
            layers[layer] = new KvLayer(bytes, bytes + part, config.KvHeads, config.HeadDim, encoding);
            bytes += 2 * part;
        }
        Full = new PagePool(device, fullBytes);
        Chunked = new PagePool(device, chunkBytes);
    }

    public Encoding Encoding { get; }

    /// <summary>Length of an attention chunk; 0 when no layer is chunked.</summary>
    public int ChunkLength { get; }

    /// <summary>Bytes taken from the device.</summary>
    public long AllocatedBytes => Full.AllocatedBytes + Chunked.AllocatedBytes;

    internal Device Device { get; }

    internal PagePool Full { get; }

    internal PagePool Chunked { get; }

    /// <summary>Bytes that a sequence of <paramref name="length"/> positions takes, by the whole page.</summary>
    public long BytesFor(long length) => FullPages(length) * Full.PageBytes + ChunkPages(length) * Chunked.PageBytes;

    public KvSequence NewSequence() => new(this);

    /// <summary>How many rows from <paramref name="position"/> on one step may hold: a step never crosses the border of an attention chunk.</summary>
    public int LongestSegment(int position, int wanted) =>
        ChunkLength == 0 ? wanted : Math.Min(wanted, ChunkLength - position % ChunkLength);

    internal KvLayer Layer(int layer) => layers[layer];

    internal bool IsChunked(int layer) => isChunked[layer];

    internal long FullPages(long length) => Full.PageBytes == 0 ? 0 : (length + PageRows - 1) / PageRows;

    internal long ChunkPages(long length) =>
        Chunked.PageBytes == 0 ? 0 : (Math.Min(length, ChunkLength) + PageRows - 1) / PageRows;

    public void Dispose()
    {
        Full.Dispose();
        Chunked.Dispose();
    }
}
