using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·table[q], q of 4 bits, packed as in <see cref="Q4_0"/>.</summary>
readonly unsafe struct IQ4_NL : IQuantisedFormat<IQ4_NL.Block>
{
    // The table's 16 signed bytes −127 −104 −83 −65 −49 −35 −22 −10, 1 13 25 38 53 69 89 113, the first in the lowest byte.
    const ulong TableLow = 0xF6EADDCFBFAD9881;
    const ulong TableHigh = 0x7159453526190D01;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public fixed byte Values[16];
    }

    public static int Length => 32;
    public static int Largest => 127;
    public static bool IsSigned => true;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => false;

    /// <summary>The table as a vector.</summary>
    public static Vector128<byte> Table => Vector128.Create(TableLow, TableHigh).AsByte();

    /// <summary>Entry of the table.</summary>
    public static int Entry(int q) => (sbyte)((q < 8 ? TableLow : TableHigh) >> (q & 7) * 8);

    public static float Decode(ref readonly Block block, int index) =>
        Bits.Half(block.Scale) * Entry(block.Values[index & 15] >> (index >> 4) * 4 & 15);

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        block.Scale = Bits.ToFiniteHalf(FitScale(values));
        float inverse = Fit.Inverse(Bits.Half(block.Scale));
        for (int i = 0; i < 32; i++) block.Values[i & 15] |= (byte)(Nearest(values[i] * inverse) << (i >> 4) * 4);
    }

    /// <summary>d such that d·table[q] is near the values: the better of the largest value meeting either end of the table.</summary>
    public static float FitScale(ReadOnlySpan<float> values)
    {
        float extreme = 0;
        foreach (float value in values)
            if (Math.Abs(value) > Math.Abs(extreme)) extreme = value;
        if (extreme == 0) return 0;
        double best = 0, bestGain = 0;
        foreach (float end in (ReadOnlySpan<float>)[-127, -120, 113, 106])
        {
            double product = 0, square = 0;
            foreach (float value in values)
            {
                int entry = Entry(Nearest(value * (end / extreme)));
                product += (double)value * entry;
                square += entry * entry;
            }
            if (product * product <= bestGain * square) continue;
            bestGain = product * product / square;
            best = product / square;
        }
        return (float)best;
    }

    /// <summary>The entry nearest to a value.</summary>
    public static int Nearest(float value)
    {
        int q = 0;
        while (q < 15 && value > (Entry(q) + Entry(q + 1)) * 0.5f) q++;
        return q;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) => Nibbles.LookUp16(source[group].Values, Table);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) => new(Scales.Halves((byte*)source, sizeof(Block), groups));
}
