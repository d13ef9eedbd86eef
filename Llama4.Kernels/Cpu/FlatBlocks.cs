namespace Llama4.Kernels.Cpu;

/// <summary>A contiguous range of numbers in items of 4096.</summary>
static class FlatBlocks
{
    const int Length = 4096;

    public static int CountOf(long numbers) => checked((int)((numbers + Length - 1) / Length));

    public static long From(int block) => (long)block * Length;

    public static long To(int block, long numbers) => Math.Min(numbers, ((long)block + 1) * Length);
}
