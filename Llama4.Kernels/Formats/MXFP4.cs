using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 32 numbers 2^(e − 127)·v of the OCP MX specification: v of E2M1, that is ±{0, ½, 1, 1½, 2, 3, 4, 6}, packed as in <see cref="Q4_0"/>; e = 255 is NaN.
/// The integers here are 2v + 12, so the scale is 2^(e − 128).
/// </summary>
readonly unsafe struct MXFP4 : IQuantisedFormat<MXFP4.Block>
{
    // 2v + 12 for the 16 codes: 12 13 14 15 16 18 20 24, 12 11 10 9 8 6 4 0, the first in the lowest byte.
    const ulong TableLow = 0x181412100F0E0D0C;
    const ulong TableHigh = 0x00040608090A0B0C;
    const int Centre = 12;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public byte Exponent;
        public fixed byte Values[16];
    }

    public static int Length => 32;
    public static int Largest => 24;
    public static bool IsSigned => false;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index) =>
        Scale(block.Exponent) * (Entry(block.Values[index & 15] >> (index >> 4) * 4 & 15) - Centre);

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        // The specification's rule: the largest number gets the exponent of the largest v, 6 = 1½·2².
        block.Exponent = largest == 0 ? (byte)0 : (byte)Math.Clamp(Math.ILogB(largest) - 2 + 127, 0, 254);
        double inverse = 1 / (double)Scale(block.Exponent);
        for (int i = 0; i < 32; i++)
            block.Values[i & 15] |= (byte)(Nearest(values[i] * inverse) << (i >> 4) * 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) =>
        Nibbles.LookUp16(source[group].Values, Vector128.Create(TableLow, TableHigh).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups)
    {
        ulong exponents = 0;
        for (int g = 0; g < groups; g++) exponents |= (ulong)source[g].Exponent << 8 * g;
        Vector256<int> e = Bits.Widen(Vector128.CreateScalarUnsafe(exponents).AsByte()).AsInt32(), one = Vector256.Create(1);
        Vector256<int> normal = (e - one) << 23, subnormal = (e + one) << 21;
        Vector256<int> bits = Vector256.ConditionalSelect(Vector256.GreaterThan(e, one), normal, subnormal);
        bits |= Vector256.Equals(e, Vector256.Create(255)) & Vector256.Create(0x7FC00000);
        return GroupFactors.Centred(bits.AsSingle(), Centre);
    }

    static int Entry(int q) => (int)((q < 8 ? TableLow : TableHigh) >> (q & 7) * 8 & 0xFF);

    /// <summary>2^(exponent − 128). The two smallest are subnormal.</summary>
    static float Scale(int exponent)
    {
        uint bits = exponent < 2 ? 0x00200000u << exponent : (uint)(exponent - 1) << 23;
        if (exponent == 255) bits = 0x7FC00000;
        return Bits.Float(bits);
    }

    static int Nearest(double doubled)
    {
        double magnitude = Math.Abs(doubled);
        int q = 0;
        while (q < 7 && magnitude > (Entry(q) + Entry(q + 1)) * 0.5 - Centre) q++;
        return doubled < 0 ? q + 8 : q;
    }
}
