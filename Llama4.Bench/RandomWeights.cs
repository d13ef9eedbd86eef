using Llama4.Kernels;
using Llama4.Kernels.Formats;

namespace Llama4.Bench;

/// <summary>
/// Random numbers in an encoding, fast: a few thousand blocks are quantised from a normal distribution and then repeated in a
/// pseudo-random order, so that a file of many gigabytes is made at the speed of the disk and still looks like weights to a kernel.
/// </summary>
sealed class RandomWeights
{
    const int PoolBlocks = 4096;

    readonly byte[] pool;
    readonly int blockBytes;
    ulong state;

    /// <param name="scale">Standard deviation of the numbers.</param>
    public RandomWeights(Encoding encoding, float scale, int seed)
    {
        Encoding = encoding;
        blockBytes = encoding.BlockBytes();
        state = (ulong)seed * 0x9E3779B97F4A7C15 + 1;
        var random = new Random(seed);
        var numbers = new float[PoolBlocks * encoding.BlockLength()];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = scale * (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        pool = new byte[PoolBlocks * blockBytes];
        FormatCodec.Encode(encoding, numbers, pool);
    }

    public Encoding Encoding { get; }

    /// <summary>The blocks that are repeated, as many as fit.</summary>
    public void CopyPool(Span<byte> target) => pool.AsSpan(0, target.Length).CopyTo(target);

    /// <summary>Fills whole blocks.</summary>
    public void Fill(Span<byte> target)
    {
        // Runs of up to 64 neighbouring blocks are copied at once: the copy is what limits, not the choice.
        while (!target.IsEmpty)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            int from = (int)(state >> 33) % (PoolBlocks - 64);
            int bytes = Math.Min(64 * blockBytes, target.Length);
            pool.AsSpan(from * blockBytes, bytes).CopyTo(target);
            target = target[bytes..];
        }
    }
}
