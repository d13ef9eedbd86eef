using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>32 numbers d·q, q a signed byte.</summary>
readonly unsafe struct Q8_0 : IQuantisedFormat<Q8_0.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public ushort Scale; // d, half
        public fixed sbyte Values[32];
    }

    public static int Length => 32;
    public static int Largest => 128;
    public static bool IsSigned => true;
    public static bool HasHalfScales => false;
    public static bool HasOffsets => false;

    public static float Decode(ref readonly Block block, int index) => Bits.Half(block.Scale) * block.Values[index];

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        block.Scale = Bits.ToFiniteHalf(largest / 127);
        float inverse = Fit.Inverse(Bits.Half(block.Scale));
        for (int i = 0; i < 32; i++) block.Values[i] = (sbyte)Fit.Round(values[i] * inverse, -127, 127);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group) => Vector256.Load(Bytes(source, group));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups) => new(Formats.Scales.Halves((byte*)source, sizeof(Block), groups));

    public static bool HasBytes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Bytes(Block* source, int group) => (byte*)source[group].Values;
}
