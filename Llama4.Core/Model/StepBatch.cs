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
    readonly StepInputs[] inputs;
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
        inputs = [.. cache.Parts.Select(part => new StepInputs(part, cache.ChunkLength, maxRows, maxSequences, maxLogitRows))];
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

    /// <summary>The step's inputs on a device of the cache's placement.</summary>
    internal StepInputs On(int device) => inputs[device];

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
    /// F32 [patches, D] on the device of the first layer: features for the rows of <paramref name="ids"/> that equal <paramref name="patchToken"/>, in order.
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
        if (patches > 0) images.Add(new ImageRows(features!.Value, inputs[cache.Placement.Layer(0)].ImageRows(firstImageRow, patches)));
        if (ids.Length == 1 && aloneCount == RowCount) aloneCount++;
        RowCount += ids.Length;
        for (int i = lastLogits; i > 0; i--) logitRows[LogitRowCount++] = RowCount - i;
        sequences.Add(sequence);
    }

    /// <summary>Copies the step's inputs to the devices.</summary>
    internal void Upload()
    {
        foreach (StepInputs part in inputs)
            part.Upload(tokens.AsSpan(0, RowCount), positions.AsSpan(0, RowCount), sequenceOfRow.AsSpan(0, RowCount),
                logitRows.AsSpan(0, LogitRowCount), imageRows.AsSpan(0, imageRowCount), aloneCount, sequences);
    }

    public void Dispose()
    {
        foreach (StepInputs part in inputs) part.Dispose();
    }
}

/// <summary>Image features for some rows of a step.</summary>
/// <param name="Features">F32 [M,D].</param>
/// <param name="Rows">I32 [1,M].</param>
readonly record struct ImageRows(Tensor Features, Tensor Rows);
