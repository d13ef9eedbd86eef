using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Cache;

/// <summary>
/// Keys and values of all sequences. Layers of two kinds keep different amounts: a full-attention layer every position, a
/// chunked-attention layer only the current chunk, whose slots the next chunk overwrites (specification 1.7).
/// A page holds <see cref="PageRows"/> positions of all layers of its kind that one device has.
/// </summary>
public sealed class KvCache : IDisposable
{
    /// <summary>Positions in a page: small enough that a short chat costs little, large enough to stream.</summary>
    public const int PageRows = 64;

    readonly KvLayer[] layers;
    readonly bool[] isChunked;
    readonly KvCachePart[] parts;

    /// <summary>A cache on one device.</summary>
    /// <inheritdoc cref="KvCache(Placement, TextConfig, Encoding)"/>
    public KvCache(Device device, TextConfig config, Encoding encoding) : this(new Placement(device), config, encoding) { }

    /// <param name="encoding">F32, F16, BF16 or Q8_0.</param>
    /// <exception cref="InvalidRequestException">The encoding does not fit the model's head width.</exception>
    public KvCache(Placement placement, TextConfig config, Encoding encoding)
    {
        if (encoding is not (Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.Q8_0))
            throw new InvalidRequestException($"cache entries cannot be {encoding}; choose F32, F16, BF16 or Q8_0");
        if (config.HeadDim % encoding.BlockLength() != 0)
            throw new InvalidRequestException($"{encoding} cache entries need a head width that is a multiple of 32; this model's is {config.HeadDim}");

        Placement = placement;
        Encoding = encoding;
        ChunkLength = config.ChunkLength;
        layers = new KvLayer[config.Layers];
        isChunked = new bool[config.Layers];
        long bytes = KvLayer.PartBytes(config.KvHeads, config.HeadDim, PageRows, encoding);
        var fullBytes = new long[placement.Devices.Count];
        var chunkBytes = new long[placement.Devices.Count];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            isChunked[layer] = config.UsesRope[layer] && config.ChunkLength > 0;
            ref long pageBytes = ref (isChunked[layer] ? chunkBytes : fullBytes)[placement.Layer(layer)];
            layers[layer] = new KvLayer(pageBytes, pageBytes + bytes, config.KvHeads, config.HeadDim, encoding);
            pageBytes += 2 * bytes;
        }
        parts = [.. placement.Devices.Select((device, i) => new KvCachePart(device, i, fullBytes[i], chunkBytes[i], ChunkLength))];
    }

    public Encoding Encoding { get; }

    /// <summary>Length of an attention chunk; 0 when no layer is chunked.</summary>
    public int ChunkLength { get; }

    /// <summary>Bytes taken from the devices.</summary>
    public long AllocatedBytes => parts.Sum(part => part.Full.AllocatedBytes + part.Chunked.AllocatedBytes);

    /// <summary>Bytes of pages that sequences have.</summary>
    internal long UsedBytes => parts.Sum(part => part.Full.UsedBytes + part.Chunked.UsedBytes);

    internal Placement Placement { get; }

    internal IReadOnlyList<KvCachePart> Parts => parts;

    /// <summary>Bytes that a sequence of <paramref name="length"/> positions takes, by the whole page.</summary>
    public long BytesFor(long length)
    {
        long bytes = 0;
        foreach (KvCachePart part in parts) bytes += part.BytesFor(length);
        return bytes;
    }

    public KvSequence NewSequence() => new(this);

    /// <summary>How many rows from <paramref name="position"/> on one step may hold: a step never crosses the border of an attention chunk.</summary>
    public int LongestSegment(int position, int wanted) =>
        ChunkLength == 0 ? wanted : Math.Min(wanted, ChunkLength - position % ChunkLength);

    internal KvLayer Layer(int layer) => layers[layer];

    internal bool IsChunked(int layer) => isChunked[layer];

    internal bool HasChunkedLayers => isChunked.Contains(true);

    public void Dispose()
    {
        foreach (KvCachePart part in parts) part.Dispose();
    }
}
