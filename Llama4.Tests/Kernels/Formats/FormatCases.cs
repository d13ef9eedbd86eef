using Llama4.Kernels;

namespace Llama4.Tests.Kernels.Formats;

/// <summary>The formats of weights and how near their encoders come.</summary>
static class FormatCases
{
    public static readonly Encoding[] All =
    [
        Encoding.F32, Encoding.F16, Encoding.BF16, Encoding.F8E4M3, Encoding.Q8_0, Encoding.Q4_0, Encoding.Q4_1, Encoding.Q5_0, Encoding.Q5_1,
        Encoding.Q2_K, Encoding.Q3_K, Encoding.Q4_K, Encoding.Q5_K, Encoding.Q6_K, Encoding.IQ4_NL, Encoding.IQ4_XS, Encoding.MXFP4,
    ];

    public static readonly Encoding[] Quantised = [.. All.Where(e => e.BlockLength() > 1)];

    /// <summary>
    /// Largest relative RMS error of encoding normally distributed numbers. Rounding to a step s costs s/√12. A format whose n equal steps
    /// cover about ±2.5 standard deviations, as a block of 32 needs, has s = 5/n: n = 15 costs 0.096, n = 31 0.047, n = 63 0.023, n = 254 0.006.
    /// Two and three bits follow the same rule with a narrower range, because numbers outside it cost less than wider steps (0.35, 0.2).
    /// A float of m mantissa bits has steps of at most 2^-m relative to the number: at most 2^-m/√12.
    /// </summary>
    public static double EncodeError(Encoding encoding) => encoding switch
    {
        Encoding.F32 => 0,
        Encoding.F16 => 0.000_282,
        Encoding.BF16 => 0.002_26,
        Encoding.F8E4M3 => 0.036_1,
        Encoding.Q8_0 => 0.006,
        Encoding.Q6_K => 0.023,
        Encoding.Q5_0 or Encoding.Q5_1 or Encoding.Q5_K => 0.047,
        Encoding.Q4_0 or Encoding.Q4_1 or Encoding.Q4_K or Encoding.IQ4_NL or Encoding.IQ4_XS => 0.096,
        // Powers of two as scales and steps of up to 2 at the largest numbers.
        Encoding.MXFP4 => 0.15,
        Encoding.Q3_K => 0.2,
        Encoding.Q2_K => 0.35,
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "not a format of weights"),
    };

    /// <summary>Normally distributed numbers.</summary>
    public static float[] Normal(int count, int seed, double deviation = 1)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    /// <summary>Bytes of any content, but with finite scales: what a damaged file may hold and a kernel must multiply like any other.</summary>
    /// <param name="pattern">Instead of random bits everywhere but in the scales of type half.</param>
    public static byte[] AnyBits(Encoding encoding, int blocks, int seed, byte? pattern = null)
    {
        var bytes = new byte[blocks * encoding.BlockBytes()];
        var random = new Random(seed);
        if (pattern is byte same) Array.Fill(bytes, same);
        else random.NextBytes(bytes);
        if (pattern is not null)
            foreach (int offset in HalfOffsets(encoding))
                for (int b = 0; b < blocks; b++) random.NextBytes(bytes.AsSpan(b * encoding.BlockBytes() + offset, 2));
        foreach (int offset in HalfOffsets(encoding))
            for (int b = 0; b < blocks; b++)
                bytes[b * encoding.BlockBytes() + offset + 1] &= 0xBF; // exponent below 16: no infinity, no NaN, below 2
        if (encoding == Encoding.MXFP4)
            for (int b = 0; b < blocks; b++) bytes[b * 17] = (byte)(100 + bytes[b * 17] % 50);
        if (encoding == Encoding.F8E4M3)
            for (int b = 0; b < blocks; b++) if ((bytes[b] & 0x7F) == 0x7F) bytes[b] ^= 1;
        if (encoding is Encoding.BF16 or Encoding.F32)
            for (int b = 0; b < blocks; b++) bytes[(b + 1) * encoding.BlockBytes() - 1] &= 0xBF; // below 2
        return bytes;
    }

    /// <summary>Any bits with powers of two as scales: whole inputs give sums without rounding.</summary>
    public static byte[] ExactScales(Encoding encoding, int blocks, int seed)
    {
        byte[] bytes = AnyBits(encoding, blocks, seed);
        for (int b = 0; b < blocks; b++)
        {
            foreach (int offset in HalfOffsets(encoding)) (bytes[b * encoding.BlockBytes() + offset], bytes[b * encoding.BlockBytes() + offset + 1]) = (0, 0x2C); // 2^-4
            if (encoding == Encoding.MXFP4) bytes[b * encoding.BlockBytes()] = 127; // 1
        }
        return bytes;
    }

    /// <summary>Where a block keeps its scales of type half.</summary>
    static int[] HalfOffsets(Encoding encoding) => encoding switch
    {
        Encoding.F16 or Encoding.Q8_0 or Encoding.Q4_0 or Encoding.Q5_0 or Encoding.IQ4_NL or Encoding.IQ4_XS => [0],
        Encoding.Q4_1 or Encoding.Q5_1 or Encoding.Q4_K or Encoding.Q5_K => [0, 2],
        Encoding.Q2_K => [80, 82],
        Encoding.Q3_K => [108],
        Encoding.Q6_K => [208],
        _ => [],
    };
}
