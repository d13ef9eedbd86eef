using System.Buffers.Binary;
using System.Text;

namespace Llama4.Tests.Fuzz;

/// <summary>Changes an input a little, at random: bits, bytes, numbers at the border of their type, words, pieces moved, cut or spliced in.</summary>
sealed class Mutator(int seed, IReadOnlyList<byte[]> words, int longest)
{
    static readonly long[] borders =
    [
        0, 1, -1, 2, 7, 8, 16, 32, 64, 127, 128, 255, 256, 1000, 32767, 32768, 65535, 65536, 1 << 20, int.MaxValue, int.MinValue, uint.MaxValue,
        1L << 32, 1L << 40, long.MaxValue, long.MinValue,
    ];

    readonly Random random = new(seed);

    public byte[] Pick(IReadOnlyList<byte[]> inputs) => inputs[random.Next(inputs.Count)];

    /// <summary>One to eight changes to a copy of <paramref name="input"/>.</summary>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        byte[] result = input;
        for (int changes = 1 << random.Next(4); changes > 0; changes--) result = Change(result, other);
        return result.Length <= longest ? result : result[..longest];
    }

    byte[] Change(byte[] input, byte[] other)
    {
        if (input.Length == 0) return RandomBytes(1 + random.Next(16));
        int at = random.Next(input.Length), length = 1 + random.Next(Math.Min(input.Length - at, random.Next(8) == 0 ? 4096 : 16));
        Span<byte> chosen = input.AsSpan(at, length);
        switch (random.Next(12))
        {
            case 0: return Replace(input, at, 1, [(byte)(input[at] ^ 1 << random.Next(8))]);
            case 1: return Replace(input, at, 1, [(byte)random.Next(256)]);
            case 2: return Replace(input, at, 1, [(byte)(input[at] + random.Next(-4, 5))]);
            case 3: return Replace(input, at, length, RandomBytes(length));
            case 4: return Replace(input, at, 0, RandomBytes(length));
            case 5: return Replace(input, at, length, []);
            case 6: return Replace(input, random.Next(input.Length), random.Next(2) * length, chosen);
            case 7: return Replace(input, at, length, Piece(other));
            case 8: return input[..at];
            case 9: return Replace(input, at, Math.Min(input.Length - at, 1 << random.Next(4)), BorderAsBytes());
            case 10: return Replace(input, at, length, Encoding.ASCII.GetBytes(Border().ToString()));
            default: return words.Count == 0 ? input[at..] : Replace(input, at, random.Next(2) * length, words[random.Next(words.Count)]);
        }
    }

    byte[] BorderAsBytes()
    {
        Span<byte> bytes = stackalloc byte[8];
        if (random.Next(2) == 0) BinaryPrimitives.WriteInt64LittleEndian(bytes, Border());
        else BinaryPrimitives.WriteInt64BigEndian(bytes, Border());
        int length = 1 << random.Next(4);
        return (BitConverter.IsLittleEndian && random.Next(2) == 0 ? bytes[..length] : bytes[^length..]).ToArray();
    }

    long Border() => borders[random.Next(borders.Length)];

    ReadOnlySpan<byte> Piece(byte[] other)
    {
        if (other.Length == 0) return [];
        int at = random.Next(other.Length);
        return other.AsSpan(at, 1 + random.Next(Math.Min(other.Length - at, 256)));
    }

    byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    static byte[] Replace(byte[] input, int at, int length, ReadOnlySpan<byte> with)
    {
        length = Math.Min(length, input.Length - at);
        return [.. input.AsSpan(0, at), .. with, .. input.AsSpan(at + length)];
    }
}
