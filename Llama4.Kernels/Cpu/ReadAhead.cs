namespace Llama4.Kernels.Cpu;

/// <summary>
/// Asks for the next weights while the present ones are being multiplied. A little at a time: the processor keeps few such requests, and
/// waits when there are more.
/// </summary>
unsafe struct ReadAhead(byte* from, byte* to)
{
    byte* next = from;
    long step;

    /// <summary>Divides the bytes over <paramref name="times"/> calls of <see cref="Touch"/>.</summary>
    public void Share(int times) => step = (to - next) / times + 1;

    public void Touch()
    {
        var end = (byte*)Math.Min((long)to, (long)(next + step));
        for (; next < end; next += Prefetch.CacheLine) Prefetch.Far(next);
    }
}
