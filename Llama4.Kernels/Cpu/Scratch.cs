using System.Runtime.InteropServices;

namespace Llama4.Kernels.Cpu;

/// <summary>Memory that an operation needs only while it runs. Grows to the largest use and is kept; its content is whatever was there.</summary>
sealed unsafe class Scratch : IDisposable
{
    void* block;
    long bytes;

    /// <summary>At least this many floats, aligned to a cache line; earlier pointers become invalid.</summary>
    public float* Floats(long count)
    {
        long wanted = checked(count * sizeof(float));
        if (wanted > bytes)
        {
            Dispose();
            block = NativeMemory.AlignedAlloc((nuint)wanted, CpuBuffer.Alignment);
            bytes = wanted;
        }
        return (float*)block;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(block);
        block = null;
        bytes = 0;
    }
}
