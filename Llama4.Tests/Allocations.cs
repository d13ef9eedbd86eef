namespace Llama4.Tests;

/// <summary>What is left for the garbage collector.</summary>
static class Allocations
{
    /// <summary>
    /// Asserts that this thread allocates nothing in what has been done before. What allocates does so every time; the runtime's count was
    /// once seen to jump by itself while other tests ran (by 7,600 bytes), so it may jump twice.
    /// </summary>
    public static void AssertNone(Action repeat)
    {
        for (int round = 0; ; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            repeat();
            long after = GC.GetAllocatedBytesForCurrentThread();
            if (after == before) return;
            Assert.True(round < 2, $"{after - before} bytes were allocated");
        }
    }
}
