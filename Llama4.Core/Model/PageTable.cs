using System.Runtime.InteropServices;
using Llama4.Core.Cache;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>Page addresses of the sequences of a step, on the device; grows with the longest sequence.</summary>
sealed class PageTable(Device device, int maxSequences, int pages) : IDisposable
{
    long[] addresses = new long[maxSequences * pages];
    int rowsOnDevice;
    Tensor onDevice = device.Allocate(maxSequences, pages, Encoding.I64);

    /// <param name="part">Which part of the cache.</param>
    /// <param name="isChunked">Which of its two kinds of pages.</param>
    /// <returns>I64 [sequences, pages].</returns>
    public Tensor Upload(List<KvSequence> sequences, int part, bool isChunked)
    {
        int longest = 1;
        foreach (KvSequence sequence in sequences) longest = Math.Max(longest, sequence.Pages(part, isChunked).Count);
        if (longest > onDevice.Columns) Grow(Math.Max(longest, 2 * onDevice.Columns));

        // Most steps need no page that the step before had not.
        bool isKnown = sequences.Count <= rowsOnDevice;
        int columns = onDevice.Columns;
        for (int s = 0; s < sequences.Count; s++)
        {
            ReadOnlySpan<long> list = CollectionsMarshal.AsSpan(sequences[s].Pages(part, isChunked));
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
