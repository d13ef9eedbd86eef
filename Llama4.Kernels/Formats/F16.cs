using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>IEEE 754 binary16.</summary>
readonly unsafe struct F16 : IFloatFormat<ushort>
{
    public static int Length => 1;

    public static float Decode(ref readonly ushort block, int index) => Bits.Half(block);

    public static void Encode(ReadOnlySpan<float> values, out ushort block) => block = Bits.ToHalf(values[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(ushort* source) => Bits.Half(Vector128.Load(source));

    /// <remarks>
    /// Sixteen normal numbers take three operations, in 16 bits, for their upper halves and one for their lower ones. Infinity, NaN and numbers
    /// without a leading one are rare in weights, and go the general way together with their neighbours.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> First, Vector256<float> Second, Vector256<float> Third, Vector256<float> Fourth) LoadFour(ushort* source)
    {
        Vector256<ushort> a = Vector256.Load(source), b = Vector256.Load(source + 16);
        if (!Avx2.IsSupported || (Special(a) | Special(b)) != Vector256<ushort>.Zero)
            return FloatVectors.LoadEach<F16, ushort>(source);
        (Vector256<float> first, Vector256<float> second) = Normal(a);
        (Vector256<float> third, Vector256<float> fourth) = Normal(b);
        return (first, second, third, fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> First, Vector512<float> Second) LoadWide(ushort* source) =>
        (Bits.Half(Vector256.Load(source)), Bits.Half(Vector256.Load(source + 16)));

    /// <summary>Ones where the exponent is 0 or 31: one more, and its upper four bits are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ushort> Special(Vector256<ushort> halves) =>
        Vector256.Equals(halves + Vector256.Create((ushort)0x0400) & Vector256.Create((ushort)0x7800), Vector256<ushort>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector256<float> First, Vector256<float> Second) Normal(Vector256<ushort> halves)
    {
        // Unpacking works in each half of the register: the second and third four numbers change places first.
        Vector256<short> h = Avx2.Permute4x64(halves.AsInt64(), 0b11_01_10_00).AsInt16();
        Vector256<short> upper = (h >> 3 & Vector256.Create(unchecked((short)0x8FFF))) + Vector256.Create((short)(127 - 15 << 7)), lower = h << 13;
        return (Avx2.UnpackLow(lower, upper).AsSingle(), Avx2.UnpackHigh(lower, upper).AsSingle());
    }
}
