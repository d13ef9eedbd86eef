using System.Runtime.InteropServices;
using Llama4.Core.Cache;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>
/// What one step computes on: rows of several sequences, each sequence's rows together and in order. Filled on the host, then
/// uploaded into tensors allocated once.
/// </summary>
public sealed class StepBatch : IDisposable
{
    readonly KvCache cache;
    readonly int[] tokens, positions, sequenceOfRow, logitRows, imageRows;
    readonly List<KvSequence> sequences = [];
    readonly List<ImageRows> images = [];
    readonly Tensor tokensOnDevice, positionsOnDevice, sequencesOnDevice, logitRowsOnDevice, imageRowsOnDevice;
    PageTable full, chunked;
    int imageRowCount;

    // Rows at the beginning that are their sequence's only ones.
    int aloneCount;

    /// <param name="maxRows">Most rows of a step.</param>
    /// <param name="maxSequences">Most sequences of a step.</param>
    /// <param name="maxLogitRows">Most rows of a step whose logits are wanted.</param>
    public StepBatch(KvCache cache, int maxRows, int maxSequences, int maxLogitRows)
    {
        this.cache = cache;
        MaxRows = maxRows;
        MaxSequences = maxSequences;
        MaxLogitRows = maxLogitRows;
        tokens = new int[maxRows];
        positions = new int[maxRows];
        sequenceOfRow = new int[maxRows];
        imageRows = new int[maxRows];
        logitRows = new int[maxLogitRows];
        Device device = cache.Device;
        tokensOnDevice = device.Allocate(1, maxRows, Encoding.I32);
        positionsOnDevice = device.Allocate(1, maxRows, Encoding.I32);
        sequencesOnDevice = device.Allocate(1, maxRows, Encoding.I32);
        imageRowsOnDevice = device.Allocate(1, maxRows, Encoding.I32);
        logitRowsOnDevice = device.Allocate(1, maxLogitRows, Encoding.I32);
        full = new PageTable(device, maxSequences, 16);
        chunked = new PageTable(device, maxSequences, 16);
    }

    public int MaxRows { get; }
    public int MaxSequences { get; }
    public int MaxLogitRows { get; }

    /// <summary>T: rows so far.</summary>
    public int RowCount { get; private set; }

    /// <summary>R: rows whose logits are wanted; their order is the order of adding.</summary>
    public int LogitRowCount { get; private set; }

    /// <summary>Each sequence by one row, without images: the steps of answers.</summary>
    internal bool GoesOnByOne => RowCount == sequences.Count && images.Count == 0;

    /// <summary>I32 [1,T].</summary>
    internal Tensor Tokens => tokensOnDevice.ColumnRange(0, RowCount);

    internal StepRows Rows => new(positionsOnDevice.ColumnRange(0, RowCount), sequencesOnDevice.ColumnRange(0, RowCount), aloneCount);

    /// <summary>I32 [1,R].</summary>
    internal Tensor LogitRows => logitRowsOnDevice.ColumnRange(0, LogitRowCount);

    /// <summary>Pages of the layers that see everything.</summary>
    internal KvPages FullPages { get; private set; }

    /// <summary>Pages of the layers that see their chunk.</summary>
    internal KvPages ChunkedPages { get; private set; }

    /// <summary>Rows whose embedding is replaced by image features.</summary>
    internal List<ImageRows> Images => images;

    public void Clear()
    {
        RowCount = LogitRowCount = imageRowCount = aloneCount = 0;
        sequences.Clear();
        images.Clear();
    }

    /// <summary>Adds the next rows of a sequence, at positions Length … of it, and makes room in its cache.</summary>
    /// <param name="ids">Token ids; not across the border of an attention chunk (<see cref="KvCache.LongestSegment"/>).</param>
    /// <param name="lastLogits">For how many of the last rows logits are wanted.</param>
    /// <param name="features">
    /// F32 [patches, D]: features for the rows of <paramref name="ids"/> that equal <paramref name="patchToken"/>, in order.
    /// </param>
    public void Add(KvSequence sequence, ReadOnlySpan<int> ids, int lastLogits, Tensor? features = null, int patchToken = -1)
    {
        if (ids.IsEmpty || RowCount + ids.Length > MaxRows || sequences.Count == MaxSequences || LogitRowCount + lastLogits > MaxLogitRows)
            throw new ArgumentException($"cannot add {ids.Length} rows with {lastLogits} logit rows: the step holds {RowCount} of {MaxRows} rows, "
                + $"{sequences.Count} of {MaxSequences} sequences, {LogitRowCount} of {MaxLogitRows} logit rows");
        int start = sequence.Length;
        if (cache.LongestSegment(start, ids.Length) < ids.Length)
            throw new ArgumentException($"rows {start} to {start + ids.Length - 1} cross the border of an attention chunk of {cache.ChunkLength}");

        sequence.Extend(ids.Length);
        int firstImageRow = imageRowCount;
        for (int i = 0; i < ids.Length; i++)
        {
            int row = RowCount + i;
            tokens[row] = ids[i];
            positions[row] = start + i;
            sequenceOfRow[row] = sequences.Count;
            if (features is not null && ids[i] == patchToken) imageRows[imageRowCount++] = row;
        }
        int patches = imageRowCount - firstImageRow;
        if (features is { } f && f.Rows != patches)
            throw new ArgumentException($"{patches} rows are image patches, but there are features for {f.Rows}");
        if (patches > 0) images.Add(new ImageRows(features!.Value, imageRowsOnDevice.ColumnRange(firstImageRow, patches)));
        if (ids.Length == 1 && aloneCount == RowCount) aloneCount++;
        RowCount += ids.Length;
        for (int i = lastLogits; i > 0; i--) logitRows[LogitRowCount++] = RowCount - i;
        sequences.Add(sequence);
    }

    /// <summary>Copies the step's inputs to the device.</summary>
    internal void Upload()
    {
        Device device = cache.Device;
        device.Upload<int>(tokens.AsSpan(0, RowCount), Tokens);
        device.Upload<int>(positions.AsSpan(0, RowCount), Rows.Positions);
        device.Upload<int>(sequenceOfRow.AsSpan(0, RowCount), Rows.Sequences);
        if (LogitRowCount > 0) device.Upload<int>(logitRows.AsSpan(0, LogitRowCount), LogitRows);
        if (imageRowCount > 0) device.Upload<int>(imageRows.AsSpan(0, imageRowCount), imageRowsOnDevice.ColumnRange(0, imageRowCount));
        FullPages = new KvPages(full.Upload(sequences, static s => s.FullPages), KvCache.PageRows, 0);
        ChunkedPages = new KvPages(chunked.Upload(sequences, static s => s.ChunkPages), KvCache.PageRows, cache.ChunkLength);
    }

    public void Dispose()
    {
        tokensOnDevice.Buffer.Dispose();
        positionsOnDevice.Buffer.Dispose();
        sequencesOnDevice.Buffer.Dispose();
        imageRowsOnDevice.Buffer.Dispose();
        logitRowsOnDevice.Buffer.Dispose();
        full.Dispose();
        chunked.Dispose();
    }
}

/// <summary>Image features for some rows of a step.</summary>
/// <param name="Features">F32 [M,D].</param>
/// <param name="Rows">I32 [1,M].</param>
readonly record struct ImageRows(Tensor Features, Tensor Rows);

/// <summary>Page addresses of the sequences of a step, on the device; grows with the longest sequence.</summary>
sealed class PageTable(Device device, int maxSequences, int pages) : IDisposable
{
    long[] addresses = new long[maxSequences * pages];
    int rowsOnDevice;
    Tensor onDevice = device.Allocate(maxSequences, pages, Encoding.I64);

    /// <summary>I64 [sequences, pages].</summary>
    public Tensor Upload(List<KvSequence> sequences, Func<KvSequence, List<long>> pagesOf)
    {
        int longest = 1;
        foreach (KvSequence sequence in sequences) longest = Math.Max(longest, pagesOf(sequence).Count);
        if (longest > onDevice.Columns) Grow(Math.Max(longest, 2 * onDevice.Columns));

        // Most steps need no page that the step before had not.
        bool isKnown = sequences.Count <= rowsOnDevice;
        int columns = onDevice.Columns;
        for (int s = 0; s < sequences.Count; s++)
        {
            ReadOnlySpan<long> list = CollectionsMarshal.AsSpan(pagesOf(sequences[s]));
            Span<long> row = addresses.AsSpan(s * columns, columns);
            if (row.StartsWith(list) && !row[list.Length..].ContainsAnyExcept(0)) continue;
            isKnown = false;
            list.CopyTo(row);
            row[list.Length..].Clear();
        }
        Tensor used = onDevice.RowRange(0, sequences.Count);
        if (isKnown) return used;
        rowsOnDevice = 0;
        device.Upload<long>(addresses.AsSpan(0, sequences.Count * columns), used);
        rowsOnDevice = sequences.Count;
        return used;
    }

    public void Dispose() => onDevice.Buffer.Dispose();

    void Grow(int columns)
    {
        // The old table stays whole if there is no memory for a larger one.
        Tensor larger = device.Allocate(maxSequences, columns, Encoding.I64);
        onDevice.Buffer.Dispose();
        addresses = new long[checked(maxSequences * columns)];
        onDevice = larger;
        rowsOnDevice = 0;
    }
}
