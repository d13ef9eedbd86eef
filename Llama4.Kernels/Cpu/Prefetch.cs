using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu;

/// <summary>Asks for memory before it is needed. Any address will do: nothing is read that is not there.</summary>
static unsafe class Prefetch
{
    public const int CacheLine = 64;

    /// <summary>How far ahead of a row of weights that is streamed from memory: the processor's own prefetching falls behind.</summary>
    public const int StreamDistance = 4096;

    /// <summary>Into the nearest cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Near(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    /// <summary>Into the second cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Far(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch1(address);
    }

    /// <summary>The lines of <paramref name="bytes"/> bytes, at most 320, that lie <see cref="StreamDistance"/> ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stream(byte* address, int bytes)
    {
        address += StreamDistance;
        Near(address);
        if (bytes > CacheLine) Near(address + CacheLine);
        if (bytes > 2 * CacheLine) Near(address + 2 * CacheLine);
        if (bytes > 3 * CacheLine) Near(address + 3 * CacheLine);
        if (bytes > 4 * CacheLine) Near(address + 4 * CacheLine);
    }
}
