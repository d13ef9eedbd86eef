namespace Llama4.Kernels.Cpu;

/// <summary>
/// Asks for the next weights while the present ones are being multiplied. A little at a time: the processor keeps few such requests, and
/// waits when there are more.
/// </summary>
/// <param name="from">The first row's piece; those of the other rows are <paramref name="rowBytes"/> apart.</param>
unsafe struct ReadAhead(byte* from, int rows, long rowBytes, long pieceBytes)
{
    byte* row = from;
    long offset, step;

    /// <summary>Divides the bytes over <paramref name="times"/> calls of <see cref="Touch"/>.</summary>
    public void Share(int times) => step = rows * pieceBytes / times + 1;

    public void Touch()
    {
        for (long bytes = step; bytes > 0 && rows > 0; bytes -= Prefetch.CacheLine)
        {
            Prefetch.Far(row + offset);
            offset += Prefetch.CacheLine;
            if (offset < pieceBytes) continue;
            offset = 0;
            row += rowBytes;
            rows--;
        }
    }
}
