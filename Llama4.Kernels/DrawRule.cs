using System.Buffers;
using System.Runtime.InteropServices;

namespace Llama4.Kernels;

/// <summary>
/// How one column of a row of numbers is drawn. Column c has the weight e^((x[c] − max) · InverseTemperature), rounded down to a whole number of 2⁻⁴⁴:
/// sums are then exact in every order. Columns without weight are out of the question. Of those left in the order of x down, column up, the
/// filters leave the first ones; the draw is among these in the order of columns.
/// </summary>
/// <param name="InverseTemperature">Finite; 0: the column of the largest number, the lowest of equal ones.</param>
/// <param name="TopK">The first k columns; 0: all.</param>
/// <param name="TopP">Of those the ones before which the weights sum to at most p times the weight of all; 1: all.</param>
/// <param name="MinP">Of those the ones whose weight is at least this; 0: all.</param>
/// <param name="Random">In [0, 1): the first column where the weights sum to more than this part of all.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct DrawRule(float InverseTemperature, int TopK, float TopP, float MinP, double Random)
{
    /// <summary>Weight of the largest number.</summary>
    internal const float Unit = 1L << 44;

    /// <summary>Numbers I32 that a rule takes in a tensor.</summary>
    public const int Words = 6;

    /// <summary>The column, or −1 where a number is not finite.</summary>
    internal int Draw(ReadOnlySpan<float> x)
    {
        int best = 0;
        for (int c = 0; c < x.Length; c++)
        {
            if (!float.IsFinite(x[c])) return -1;
            if (x[c] > x[best]) best = c;
        }
        if (InverseTemperature == 0 || x.IsEmpty) return x.IsEmpty ? -1 : best;
        ulong[] weights = ArrayPool<ulong>.Shared.Rent(x.Length), keys = ArrayPool<ulong>.Shared.Rent(x.Length);
        for (int c = 0; c < x.Length; c++) weights[c] = (ulong)(MathF.Exp((x[c] - x[best]) * InverseTemperature) * Unit);
        Filter(x, weights.AsSpan(0, x.Length), keys.AsSpan(0, x.Length));
        int drawn = Draw(weights.AsSpan(0, x.Length), Random);
        ArrayPool<ulong>.Shared.Return(weights);
        ArrayPool<ulong>.Shared.Return(keys);
        return drawn;
    }

    /// <summary>Unique, and descending in the order of the filters.</summary>
    internal static ulong KeyOf(float x, int column)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x + 0f); // −0 becomes 0: they are equal
        uint ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return (ulong)ascending << 32 | ~(uint)column;
    }

    /// <summary>Takes the weight of every column that the filters leave out.</summary>
    void Filter(ReadOnlySpan<float> x, Span<ulong> weights, Span<ulong> keys)
    {
        int count = 0;
        for (int c = 0; c < x.Length; c++)
            if (weights[c] > 0) keys[count++] = KeyOf(x[c], c);
        keys[..count].Sort();
        keys[..count].Reverse();
        int left = TopK > 0 ? Math.Min(TopK, count) : count;
        ulong total = 0, before = 0;
        for (int i = 0; i < left; i++) total += weights[Column(keys[i])];
        ulong limit = TopP < 1 ? (ulong)((double)TopP * total) : total;
        for (int i = 0; i < count; i++)
        {
            ref ulong weight = ref weights[Column(keys[i])];
            bool stays = i < left && before <= limit && weight >= (ulong)(MinP * Unit);
            before += weight;
            if (!stays) weight = 0;
        }
    }

    static int Column(ulong key) => (int)~(uint)key;

    static int Draw(ReadOnlySpan<ulong> weights, double random)
    {
        ulong mass = 0, sum = 0;
        foreach (ulong weight in weights) mass += weight;
        // The product may round up to the whole.
        ulong target = Math.Min((ulong)(random * mass), mass - 1);
        int column = 0;
        while ((sum += weights[column]) <= target) column++;
        return column;
    }
}
