using System.Runtime.InteropServices;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>One head's key or value, in plain scalar code.</summary>
static class KvEntry
{
    public static double[] Decode(Encoding encoding, byte[] bytes) => encoding switch
    {
        Encoding.F32 => Numbers.Doubles(MemoryMarshal.Cast<byte, float>(bytes)),
        Encoding.F16 => [.. MemoryMarshal.Cast<byte, Half>(bytes).ToArray().Select(h => (double)h)],
        Encoding.BF16 => [.. MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(b => (double)BitConverter.Int32BitsToSingle(b << 16))],
        Encoding.Q8_0 => [.. bytes.Chunk(34).SelectMany(block => block[2..].Select(q => (double)BitConverter.ToHalf(block) * (sbyte)q))],
        _ => throw new ArgumentOutOfRangeException(nameof(encoding)),
    };

    /// <summary>How far the entry nearest to a number may be from it; <paramref name="largest"/> is the largest magnitude of its block of 32.</summary>
    public static double Tolerance(Encoding encoding, double number, double largest) => encoding switch
    {
        Encoding.F32 => 0,
        Encoding.F16 => Math.Max(Math.Abs(number) / 2048, Math.ScaleB(1, -25)),
        Encoding.BF16 => Math.Abs(number) / 256 + 1e-40,
        // Half a step, and the step itself rounded to half: relatively for most, absolutely for the tiny ones.
        Encoding.Q8_0 => 0.5001 * largest / 127 + Math.Max(largest / 2048, 127 * Math.ScaleB(1, -25)),
        _ => throw new ArgumentOutOfRangeException(nameof(encoding)),
    };
}
