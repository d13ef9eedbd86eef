using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>8-bit float of the OCP FP8 specification, E4M3: bias 7, no infinity, NaN is all ones but the sign, largest value 448.</summary>
readonly unsafe struct F8E4M3 : IFloatFormat<byte>
{
    public static int Length => 1;

    public static float Decode(ref readonly byte block, int index) => Bits.E4M3(block);

    public static void Encode(ReadOnlySpan<float> values, out byte block) => block = Bits.ToE4M3(values[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* source) => Bits.E4M3(Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte());

    /// <remarks>
    /// Every number is a bfloat16, whose two bytes come from the number's halves: its upper four bits, sign and upper exponent, decide the first
    /// byte, its lower four, n, are the upper ones of the second, since the biases differ by an even number. Only where the upper exponent is 0,
    /// and the value n · 2⁻⁹ (with or without a leading one), both come from tables of n.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> First, Vector256<float> Second, Vector256<float> Third, Vector256<float> Fourth) LoadFour(byte* source)
    {
        if (!Avx2.IsSupported) return FloatVectors.LoadEach<F8E4M3, byte>(source);
        // Unpacking works in each half of the register, twice: fours of numbers change places first.
        Vector256<byte> b = Avx2.PermuteVar8x32(Vector256.Load(source).AsInt32(), Vector256.Create(0, 2, 4, 6, 1, 3, 5, 7)).AsByte();
        Vector256<byte> magnitude = b & Vector256.Create((byte)0x7F), four = Vector256.Create((byte)0x0F);
        // With 0x70 more, only magnitudes below 16 are an index into a table: the others have a bit that makes their entry 0.
        Vector256<byte> small = magnitude + Vector256.Create((byte)0x70);
        Vector256<byte> upper = Entries(0x43424140_3F3E3D00, 0xC3C2C1C0_BFBEBD80, (b.AsUInt16() >>> 4).AsByte() & four);
        upper |= Entries(0x3C3C3C3C_3B3B3B00, 0x3C3C3C3C_3C3C3C3C, small);
        upper |= Vector256.Equals(magnitude, Vector256.Create((byte)0x7F)); // NaN
        Vector256<byte> lower = ((b & four).AsUInt16() << 4).AsByte() ^ Entries(0x10207040_F0A01000, 0, small);
        Vector256<short> low = Avx2.UnpackLow(lower, upper).AsInt16(), high = Avx2.UnpackHigh(lower, upper).AsInt16();
        return (Avx2.UnpackLow(default, low).AsSingle(), Avx2.UnpackHigh(default, low).AsSingle(),
            Avx2.UnpackLow(default, high).AsSingle(), Avx2.UnpackHigh(default, high).AsSingle());
    }

    /// <summary>Of a table of 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> Entries(ulong low, ulong high, Vector256<byte> indices) => Avx2.Shuffle(Vector256.Create(low, high, low, high).AsByte(), indices);
}
