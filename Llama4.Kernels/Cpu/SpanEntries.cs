namespace Llama4.Kernels.Cpu;

/// <summary>Keys and values of neighbouring positions of one head, [Length, Stride] each, and the addresses of those that come next.</summary>
/// <param name="nextKeys">Asked for while these are computed; any address will do.</param>
readonly unsafe struct SpanEntries<TBlock>(TBlock* keys, TBlock* values, int length, byte* nextKeys, byte* nextValues)
    where TBlock : unmanaged
{
    public TBlock* Keys => keys;

    public TBlock* Values => values;

    public int Length => length;

    public byte* NextKeys => nextKeys;

    public byte* NextValues => nextValues;
}
