namespace Llama4.Tests;

/// <summary>What is left for the garbage collector.</summary>
static class Allocations
{
    // What a thread takes from the heap at a time.
    const long BufferBytes = 8192;

    /// <summary>
    /// Asserts that this thread allocates nothing in what has been done before. The count may rise once by less than a thread's buffer: beside
    /// collections it was seen to, about once in a few thousand calls, by what was left of the buffer (7,600 and 7,872 bytes). Why is not known.
    /// </summary>
    public static void AssertNone(Action repeat)
    {
        long first = Count(repeat);
        if (first == 0) return;
        Assert.True(first < BufferBytes, $"{first} bytes were allocated");
        long second = Count(repeat);
        Assert.True(second == 0, $"{first} bytes were allocated, then {second}");
    }

    static long Count(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
