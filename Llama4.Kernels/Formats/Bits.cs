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
    const int FirstNormalHalf = 1 << 23, FirstSpecialHalf = 0x7C00 << 13; // both moved

    // The same for E4M3, whose numbers below 2^-6 have no leading one.
    const int E4M3Bias = 127 - 7 << 23;
    const float SmallestE4M3 = 0.001953125f; // 2^-9
    const int FirstNormalE4M3 = 1 << 23, SpecialE4M3 = 0x7F << 20; // both moved

    // Vectors of small floats get exponents that are larger by 224, and are multiplied down: every number on the way is a normal one.
    const int LargeExponent = 224 << 23;
    const float SecondExponent = 316912650057057350374175801344f; // 2^98, the number of exponent 1
    const int LargeToHalf = 127 - (224 - (127 - 15)) << 23; // bits of 2^-112
    const int LargeToE4M3 = 127 - (224 - (127 - 7)) << 23; // bits of 2^-104

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
        Vector256<int> large = (signed << 13 | Vector256.Create(LargeExponent)) & Vector256.Create(int.MaxValue);
        Vector256<int> factor = signed & Vector256.Create(int.MinValue) | Vector256.Create(LargeToHalf);
        return WithoutLeadingOne(large.AsSingle()) * factor.AsSingle();
    }

    /// <summary>The same with instructions of AVX-512, where they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Half(Vector256<ushort> halves)
    {
        if (!Avx512F.IsSupported) return Vector512.Create(Half(halves.GetLower()), Half(halves.GetUpper()));
        Vector512<int> signed = Avx512F.ConvertToVector512Int32(halves.AsInt16());
        Vector512<int> large = (signed << 13 | Vector512.Create(LargeExponent)) & Vector512.Create(int.MaxValue);
        Vector512<int> factor = signed & Vector512.Create(int.MinValue) | Vector512.Create(LargeToHalf);
        Vector512<float> twice = Vector512.MultiplyAddEstimate(large.AsSingle(), Vector512.Create(2f), Vector512.Create(-SecondExponent));
        return Vector512.MinNative(twice, large.AsSingle()) * factor.AsSingle();
    }

    /// <summary>
    /// Of magnitudes that got <see cref="LargeExponent"/> and with it a leading one, which a number of exponent zero does not have. Such a
    /// number x, below 2^98 here, is 2 x − 2^98 in truth; for all others that is at least x.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> WithoutLeadingOne(Vector256<float> large) =>
        Vector256.MinNative(Vector256.MultiplyAddEstimate(large, Vector256.Create(2f), Vector256.Create(-SecondExponent)), large);

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
        Vector256<int> signed = Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(values.AsSByte())
            : Vector256.WidenLower(Vector256.WidenLower(values.AsSByte().ToVector256Unsafe()));
        Vector256<int> large = (signed & Vector256.Create(0x7F)) << 20 | Vector256.Create(LargeExponent);
        // The one number that is no number: a factor of ones only is NaN.
        Vector256<int> isNaN = Vector256.Equals(large, Vector256.Create(SpecialE4M3 | LargeExponent));
        Vector256<int> factor = signed & Vector256.Create(int.MinValue) | Vector256.Create(LargeToE4M3) | isNaN;
        return WithoutLeadingOne(large.AsSingle()) * factor.AsSingle();
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

    /// <summary>With an instruction of AVX-512, where it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Widen(Vector256<ushort> values) =>
        Avx512F.IsSupported ? Avx512F.ConvertToVector512UInt32(values) : Vector512.Create(Widen(values.GetLower()), Widen(values.GetUpper()));

    /// <summary>The lower 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Widen(Vector128<byte> values) =>
        Avx2.IsSupported ? Avx2.ConvertToVector256Int32(values).AsUInt32() : Widen(Vector128.WidenLower(values));
}
