using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>Scales of blocks as vectors of 8.</summary>
static unsafe class Scales
{
    /// <summary>Halves that lie <paramref name="stride"/> bytes apart, the first <paramref name="count"/> of 8; the others are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Halves(byte* source, long stride, int count)
    {
        if (count == 8) return Bits.Half(EightHalves(source, stride));
        Vector128<ushort> halves = default;
        for (int i = 0; i < count; i++) halves = halves.WithElement(i, *(ushort*)(source + i * stride));
        return Bits.Half(halves);
    }

    /// <summary>Eight halves that lie <paramref name="stride"/> bytes apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> EightHalves(byte* source, long stride) => Vector128.Create(
        *(ushort*)source, *(ushort*)(source + stride), *(ushort*)(source + 2 * stride), *(ushort*)(source + 3 * stride),
        *(ushort*)(source + 4 * stride), *(ushort*)(source + 5 * stride), *(ushort*)(source + 6 * stride), *(ushort*)(source + 7 * stride));

    /// <summary>The lower 8 unsigned bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Bytes(Vector128<byte> bytes) => Vector256.ConvertToSingle(Bits.Widen(bytes).AsInt32());

    /// <summary>The lower 8 signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SignedBytes(Vector128<byte> bytes) =>
        Vector256.ConvertToSingle(Bits.Widen(bytes).AsInt32() << 24 >> 24);

    /// <summary>The even ones of 16 signed bytes, and the odd ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> Even, Vector256<float> Odd) EvenAndOdd(Vector128<sbyte> bytes)
    {
        Vector128<short> even = bytes.AsInt16() << 8 >> 8, odd = bytes.AsInt16() >> 8;
        return (Single(even), Single(odd));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Single(Vector128<short> values)
    {
        // Moved to the upper half of 32 bits and back with its sign.
        Vector256<int> wide = (Bits.Widen(values.AsUInt16()).AsInt32() << 16) >> 16;
        return Vector256.ConvertToSingle(wide);
    }
}
