using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>Small floats to float32 and back, by their bits. The scalar forms use nothing that a GPU kernel could not.</summary>
static unsafe class Bits
{
    // A half whose exponent and mantissa are moved to float32's place lacks the difference of the exponent biases. It is added as an integer:
    // a multiplication would take a half below 2^-14 as a denormal float, which costs the processor many cycles, and scales are that small.
    const int HalfBias = 127 - 15 << 23;
    const float SmallestHalf = 5.9604644775390625e-8f; // 2^-24
    const float SmallestNormalHalf = 6.103515625e-5f; // 2^-14
    const int FirstNormalHalf = 1 << 23, FirstSpecialHalf = 0x7C00 << 13; // both moved

    // The same for E4M3, whose numbers below 2^-6 have no leading one.
    const int E4M3Bias = 127 - 7 << 23;
    const float SmallestE4M3 = 0.001953125f; // 2^-9
    const float SmallestNormalE4M3 = 0.015625f; // 2^-6
    const int FirstNormalE4M3 = 1 << 23, SpecialE4M3 = 0x7F << 20; // both moved

    public const float LargestHalf = 65504;
    public const float LargestE4M3 = 448;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Float(uint bits) => Unsafe.As<uint, float>(ref bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(float value) => Unsafe.As<float, uint>(ref value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(ushort half)
    {
        uint moved = (uint)(half & 0x7FFF) << 13;
        uint magnitude = moved < FirstNormalHalf ? Of((moved >> 13) * SmallestHalf) : moved + HalfBias;
        if (moved >= FirstSpecialHalf) magnitude = moved | 0x7F800000; // infinity and NaN
        return Float(magnitude | (uint)(half & 0x8000) << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Half(Vector128<ushort> halves)
    {
        return Half(Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(halves.AsInt16())
            : Vector256.Create(Vector128.WidenLower(halves.AsInt16()), Vector128.WidenUpper(halves.AsInt16())));
    }

    /// <summary>Of halves as signed numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Half(Vector256<int> signed)
    {
        // A shift by 13 leaves copies of the sign between it and the exponent: they are cleared.
        Vector256<int> moved = signed << 13 & Vector256.Create(0x0FFFE000);
        // Below the first normal one the half is 2^-14 · (mantissa / 1024): with that exponent and without its leading one.
        Vector256<float> small = (moved + Vector256.Create(HalfBias + FirstNormalHalf)).AsSingle() - Vector256.Create(SmallestNormalHalf);
        Vector256<int> magnitude = Vector256.ConditionalSelect(
            Vector256.GreaterThan(Vector256.Create(FirstNormalHalf), moved), small.AsInt32(), moved + Vector256.Create(HalfBias));
        magnitude |= Vector256.GreaterThan(moved, Vector256.Create(FirstSpecialHalf - 1)) & Vector256.Create(0x7F800000);
        return (magnitude | signed & Vector256.Create(int.MinValue)).AsSingle();
    }

    /// <summary>The half in the low 16 bits, and that in the high ones, each in all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> Low, Vector256<float> High) Halves(uint pair)
    {
        Vector256<float> halves = Half(Vector128.CreateScalarUnsafe(pair).AsUInt16());
        return (Vector256.Create(halves.GetElement(0)), Vector256.Create(halves.GetElement(1)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float BFloat(ushort value) => Float((uint)value << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> BFloat(Vector128<ushort> values) => (Widen(values) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float E4M3(byte value)
    {
        uint moved = (uint)(value & 0x7F) << 20;
        uint magnitude = moved < FirstNormalE4M3 ? Of((moved >> 20) * SmallestE4M3) : moved + E4M3Bias;
        if (moved == SpecialE4M3) magnitude = 0x7FC00000;
        return Float(magnitude | (uint)(value & 0x80) << 24);
    }

    /// <summary>Of the lower 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> E4M3(Vector128<byte> values)
    {
        Vector256<int> wide = Widen(values).AsInt32();
        Vector256<int> moved = (wide & Vector256.Create(0x7F)) << 20;
        Vector256<float> small = (moved + Vector256.Create(E4M3Bias + FirstNormalE4M3)).AsSingle() - Vector256.Create(SmallestNormalE4M3);
        Vector256<int> magnitude = Vector256.ConditionalSelect(
            Vector256.GreaterThan(Vector256.Create(FirstNormalE4M3), moved), small.AsInt32(), moved + Vector256.Create(E4M3Bias));
        magnitude |= Vector256.Equals(moved, Vector256.Create(SpecialE4M3)) & Vector256.Create(0x7FC00000);
        return (magnitude | (wide & Vector256.Create(0x80)) << 24).AsSingle();
    }

    public static ushort ToHalf(float value) => BitConverter.HalfToUInt16Bits((Half)value);

    /// <summary>The nearest half, but a finite one.</summary>
    public static ushort ToFiniteHalf(float value) => ToHalf(Math.Clamp(value, -LargestHalf, LargestHalf));

    public static ushort ToBFloat(float value)
    {
        uint bits = Of(value);
        if (float.IsNaN(value)) return (ushort)(bits >> 16 | 0x40);
        return (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16); // to nearest, ties to even
    }

    /// <summary>To nearest, ties to even; beyond ±448 the largest, since the format has no infinity.</summary>
    public static byte ToE4M3(float value)
    {
        int sign = value < 0 || value == 0 && float.IsNegative(value) ? 0x80 : 0;
        if (float.IsNaN(value)) return 0x7F;
        float magnitude = Math.Min(Math.Abs(value), LargestE4M3);
        // Below 2^-6 the step is 2^-9. Above, rounding 3 mantissa bits and counting on from the step below carries into the exponent.
        if (magnitude < 0.015625f) return (byte)(sign | (int)MathF.Round(magnitude * 512));
        uint bits = Of(magnitude);
        uint rounded = bits + 0x7FFFF + (bits >> 20 & 1) >> 20;
        return (byte)(sign | (int)rounded - ((127 - 7) << 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Widen(Vector128<ushort> values) =>
        Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(values).AsUInt32()
            : Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values));

    /// <summary>The lower 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Widen(Vector128<byte> values) =>
        Avx2.IsSupported ? Avx2.ConvertToVector256Int32(values).AsUInt32() : Widen(Vector128.WidenLower(values));
}
