using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>Numbers of a key/value cache from and to floats.</summary>
static unsafe class KvCodec
{
    const int Block = 32, BlockBytes = 34;

    // Half: the exponent is biased by 15 instead of 127 and followed by 10 instead of 23 bits.
    const int HalfShift = 13;
    const int HalfBias = 127 - 15 << 23;
    const int HalfInfinity = 0x7C00 << HalfShift;

    /// <summary>
    /// Rounds to the nearest entry, ties to even. Q8_0: the scale is the largest magnitude of the block through 127, rounded to half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Encode(float* source, int count, Encoding encoding, byte* target)
    {
        switch (encoding)
        {
            case Encoding.F32:
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
                break;
            case Encoding.Q8_0:
                for (int i = 0; i < count; i += Block, target += BlockBytes) EncodeBlock(source + i, target);
                break;
            default:
                var entries = (ushort*)target;
                int whole = count & -Lanes.Count;
                for (int i = 0; i < whole; i += Lanes.Count) Narrow(Vector256.Load(source + i), encoding).Store(entries + i);
                if (whole == count) break;
                Vector128<ushort> tail = Narrow(Lanes.LoadPart(source + whole, count - whole), encoding);
                for (int i = whole; i < count; i++) entries[i] = tail[i - whole];
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(byte* source, int count, Encoding encoding, float* target)
    {
        switch (encoding)
        {
            case Encoding.F32:
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
                break;
            case Encoding.Q8_0:
                for (int i = 0; i < count; i += Block, source += BlockBytes) DecodeBlock(source, target + i);
                break;
            case Encoding.F16:
                FloatVectors.Decode<F16, ushort>((ushort*)source, count, target);
                break;
            default:
                FloatVectors.Decode<BF16, ushort>((ushort*)source, count, target);
                break;
        }
    }

    static Vector128<ushort> Narrow(Vector256<float> numbers, Encoding encoding) =>
        encoding == Encoding.F16 ? ToHalf(numbers) : ToBFloat(numbers);

    static Vector128<ushort> ToHalf(Vector256<float> numbers)
    {
        Vector256<int> bits = numbers.AsInt32();
        Vector256<int> magnitude = bits & Vector256.Create(int.MaxValue);
        // Round at the 13th bit; a carry moves into the exponent as it must.
        Vector256<int> odd = (magnitude >> HalfShift) & Vector256<int>.One;
        Vector256<int> normal = (magnitude - Vector256.Create(HalfBias) + Vector256.Create((1 << HalfShift - 1) - 1) + odd) >> HalfShift;
        // Denormal results are multiples of 2⁻²⁴: adding ½ leaves that multiple, rounded, in the last bits.
        Vector256<float> half = Vector256.Create(0.5f);
        Vector256<int> denormal = (magnitude.AsSingle() + half).AsInt32() - half.AsInt32();
        Vector256<int> result = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(HalfBias + (1 << 23))), denormal, normal);
        Vector256<int> beyond = Vector256.GreaterThan(magnitude, Vector256.Create(HalfBias + HalfInfinity - 1));
        Vector256<int> isNaN = Vector256.GreaterThan(magnitude, Vector256.Create(0x7F800000));
        result = Vector256.ConditionalSelect(beyond, Vector256.Create(0x7C00) | (isNaN & Vector256.Create(0x200)), result);
        return Pack(result | ((bits >>> 16) & Vector256.Create(0x8000)));
    }

    static Vector128<ushort> ToBFloat(Vector256<float> numbers)
    {
        Vector256<int> bits = numbers.AsInt32();
        Vector256<int> odd = (bits >> 16) & Vector256<int>.One;
        Vector256<int> rounded = bits + Vector256.Create(0x7FFF) + odd;
        Vector256<int> isNaN = Vector256.GreaterThan(bits & Vector256.Create(int.MaxValue), Vector256.Create(0x7F800000));
        return Pack(Vector256.ConditionalSelect(isNaN, bits | Vector256.Create(0x400000), rounded) >>> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void EncodeBlock(float* source, byte* target)
    {
        Vector256<float> a = Vector256.Load(source), b = Vector256.Load(source + 8), c = Vector256.Load(source + 16), d = Vector256.Load(source + 24);
        Vector256<float> top = Vector256.Max(Vector256.Max(Vector256.Abs(a), Vector256.Abs(b)), Vector256.Max(Vector256.Abs(c), Vector256.Abs(d)));
        float largest = top[0];
        for (int lane = 1; lane < Lanes.Count; lane++) largest = MathF.Max(largest, top[lane]);
        *(ushort*)target = ToHalf(Vector256.Create(largest / 127))[0];
        var factor = Vector256.Create(largest == 0 ? 0 : 127 / largest);
        Vector256<short> ab = Vector256.Narrow(Vector256.ConvertToInt32(Vector256.Round(a * factor)), Vector256.ConvertToInt32(Vector256.Round(b * factor)));
        Vector256<short> cd = Vector256.Narrow(Vector256.ConvertToInt32(Vector256.Round(c * factor)), Vector256.ConvertToInt32(Vector256.Round(d * factor)));
        Vector256.Narrow(ab, cd).Store((sbyte*)target + 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void DecodeBlock(byte* source, float* target)
    {
        Vector256<float> scale = Vector256.Create(Bits.Half(*(ushort*)source));
        (Vector256<short> ab, Vector256<short> cd) = Vector256.Widen(Vector256.Load((sbyte*)source + 2));
        (Vector256<int> a, Vector256<int> b) = Vector256.Widen(ab);
        (Vector256<int> c, Vector256<int> d) = Vector256.Widen(cd);
        (Vector256.ConvertToSingle(a) * scale).Store(target);
        (Vector256.ConvertToSingle(b) * scale).Store(target + 8);
        (Vector256.ConvertToSingle(c) * scale).Store(target + 16);
        (Vector256.ConvertToSingle(d) * scale).Store(target + 24);
    }

    static Vector128<ushort> Pack(Vector256<int> numbers) => Vector128.Narrow(numbers.GetLower().AsUInt32(), numbers.GetUpper().AsUInt32());
}
