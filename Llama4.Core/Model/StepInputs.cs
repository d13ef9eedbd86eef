using Llama4.Core.Cache;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>The inputs of a step on one device, in tensors allocated once.</summary>
sealed class StepInputs : IDisposable
{
    readonly Device device;
    readonly KvCachePart cache;
    readonly int chunkLength;
    readonly Tensor tokens, positions, sequences, logitRows, imageRows;
    readonly PageTable full, chunked;
    int rowCount, aloneCount, logitRowCount;

    public StepInputs(KvCachePart cache, int chunkLength, int maxRows, int maxSequences, int maxLogitRows)
    {
        this.cache = cache;
        this.chunkLength = chunkLength;
        device = cache.Device;
        tokens = device.Allocate(1, maxRows, Encoding.I32);
        positions = device.Allocate(1, maxRows, Encoding.I32);
        sequences = device.Allocate(1, maxRows, Encoding.I32);
        imageRows = device.Allocate(1, maxRows, Encoding.I32);
        logitRows = device.Allocate(1, maxLogitRows, Encoding.I32);
        full = new PageTable(device, maxSequences, 16);
        chunked = new PageTable(device, maxSequences, 16);
    }

    /// <summary>I32 [1,T].</summary>
    public Tensor Tokens => tokens.ColumnRange(0, rowCount);

    public StepRows Rows => new(positions.ColumnRange(0, rowCount), sequences.ColumnRange(0, rowCount), aloneCount);

    /// <summary>I32 [1,R].</summary>
    public Tensor LogitRows => logitRows.ColumnRange(0, logitRowCount);

    /// <summary>Pages of the layers that see everything.</summary>
    public KvPages FullPages { get; private set; }

    /// <summary>Pages of the layers that see their chunk.</summary>
    public KvPages ChunkedPages { get; private set; }

    /// <summary>I32 [1,count].</summary>
    public Tensor ImageRows(int from, int count) => imageRows.ColumnRange(from, count);

    /// <param name="aloneCount">Rows at the beginning that are their sequence's only ones.</param>
    public void Upload(
        ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, ReadOnlySpan<int> sequenceOfRow, ReadOnlySpan<int> logitRows,
        ReadOnlySpan<int> imageRows, int aloneCount, List<KvSequence> sequences)
    {
        rowCount = tokens.Length;
        this.aloneCount = aloneCount;
        logitRowCount = logitRows.Length;
        device.Upload(tokens, Tokens);
        device.Upload(positions, Rows.Positions);
        device.Upload(sequenceOfRow, Rows.Sequences);
        if (!logitRows.IsEmpty) device.Upload(logitRows, LogitRows);
        if (!imageRows.IsEmpty) device.Upload(imageRows, ImageRows(0, imageRows.Length));
        FullPages = new KvPages(full.Upload(sequences, cache.Index, isChunked: false), KvCache.PageRows, 0);
        ChunkedPages = new KvPages(chunked.Upload(sequences, cache.Index, isChunked: true), KvCache.PageRows, chunkLength);
    }

    public void Dispose()
    {
        tokens.Buffer.Dispose();
        positions.Buffer.Dispose();
        sequences.Buffer.Dispose();
        imageRows.Buffer.Dispose();
        logitRows.Buffer.Dispose();
        full.Dispose();
        chunked.Dispose();
    }
}
