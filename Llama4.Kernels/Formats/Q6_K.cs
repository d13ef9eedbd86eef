using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 numbers in 16 groups of 16: d·scale·(q − 32), scale a signed byte, q of 6 bits. Each 128 numbers take 64 bytes for their
/// low four bits and 32 bytes for the upper two: number i of them has its low bits in byte i mod 64, half i / 64,
/// and its upper bits in byte i mod 32, pair of bits i / 32.
/// </summary>
readonly unsafe struct Q6_K : IQuantisedFormat<Q6_K.Block>
{
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Block
    {
        public fixed byte Low[128];
        public fixed byte High[64];
        public fixed sbyte Scales[16];
        public ushort Scale; // d, half
    }

    public static int Length => 256;
    public static int Largest => 63;
    public static bool IsSigned => false;
    public static bool HasHalfScales => true;
    public static bool HasOffsets => true;

    public static float Decode(ref readonly Block block, int index)
    {
        int half = index >> 7, i = index & 127;
        int low = block.Low[half * 64 + (i & 63)] >> (i >> 6) * 4 & 15;
        int high = block.High[half * 32 + (i & 31)] >> (i >> 5) * 2 & 3;
        return Bits.Half(block.Scale) * block.Scales[index >> 4] * ((low | high << 4) - 32);
    }

    public static void Encode(ReadOnlySpan<float> values, out Block block)
    {
        block = default;
        Span<float> scales = stackalloc float[16];
        for (int j = 0; j < 16; j++) scales[j] = Fit.Scale(values.Slice(16 * j, 16), -32, 31);
        float largest = 0;
        foreach (float scale in scales)
            if (Math.Abs(scale) > Math.Abs(largest)) largest = scale;
        block.Scale = Bits.ToFiniteHalf(largest / -128); // a signed byte reaches furthest downwards
        float unit = Bits.Half(block.Scale);
        for (int j = 0; j < 16; j++)
        {
            block.Scales[j] = (sbyte)Fit.Round(scales[j] * Fit.Inverse(unit), -128, 127);
            float inverse = Fit.Inverse(unit * block.Scales[j]);
            for (int index = 16 * j; index < 16 * j + 16; index++)
            {
                int q = Fit.Round(values[index] * inverse, -32, 31) + 32, half = index >> 7, i = index & 127;
                block.Low[half * 64 + (i & 63)] |= (byte)((q & 15) << (i >> 6) * 4);
                block.High[half * 32 + (i & 31)] |= (byte)(q >> 4 << (i >> 5) * 2);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Integers(Block* source, int group)
    {
        int half = group >> 2, part = group & 3;
        Vector256<byte> low = Nibbles.Field(Vector256.Load(source->Low + half * 64 + (part & 1) * 32), (part >> 1) * 4, 15);
        Vector256<byte> high = Nibbles.Field(Vector256.Load(source->High + half * 32), part * 2, 3);
        return low | (high.AsUInt16() << 4).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Factors(Block* source, int groups)
    {
        (Vector256<float> even, Vector256<float> odd) = Formats.Scales.EvenAndOdd(Vector128.Load(source->Scales));
        Vector256<float> d = Bits.Halves(source->Scale).Low;
        return GroupFactors.Centred(even * d, odd * d, 32);
    }

    // Low, high, scales, and then d as eight halves.
    const int HighColumn = 32, ScalesColumn = 48, ScaleColumn = 52;

    public static bool HasColumns => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToColumns(Block* source, long rowBytes, int* columns)
    {
        Interleaved.ToColumns((byte*)source, rowBytes, columns, ScaleColumn);
        Formats.Scales.EightHalves((byte*)&source->Scale, rowBytes).Store((ushort*)(columns + ScaleColumn * Interleaved.Rows));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ColumnIntegers(int* columns, nint group, int step)
    {
        nint half = group >> 2;
        int part = (int)group & 3;
        Vector256<byte> low = Interleaved.Column(columns + half * 128 + (group & 1) * 64, step), high = Interleaved.Column(columns + half * 64, HighColumn + step);
        return Nibbles.Join(low, (part >> 1) * 4, high, part * 2, 63);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ColumnFactors(int* columns, float* factors)
    {
        Vector256<float> d = Bits.Half(Vector128.Load((ushort*)(columns + ScaleColumn * Interleaved.Rows)));
        for (int i = 0; i < 4; i++) StoreTwoGroups(Interleaved.Column(columns, ScalesColumn + i).AsInt32(), d, factors + 2 * i * Interleaved.Rows);
    }

    /// <summary>Four signed bytes of each row: scales of the first and second half of a group, then of the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreTwoGroups(Vector256<int> bytes, Vector256<float> d, float* target)
    {
        StoreScale(bytes << 24, d, target);
        StoreScale(bytes << 16, d, target + 2 * Interleaved.FactorFloats);
        StoreScale(bytes << 8, d, target + Interleaved.Rows);
        StoreScale(bytes, d, target + 2 * Interleaved.FactorFloats + Interleaved.Rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreScale(Vector256<int> upperByte, Vector256<float> d, float* target)
    {
        Vector256<float> scale = Vector256.ConvertToSingle(upperByte >> 24) * d;
        scale.Store(target);
        (scale * -32f).Store(target + Interleaved.FactorFloats);
    }
}
