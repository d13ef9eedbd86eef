using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    /// <remarks>The two bytes of the bfloat16 come from tables of the number's magnitude, where there is an instruction for 128 entries.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector512<float> First, Vector512<float> Second) LoadWide(byte* source)
    {
        if (!Avx512Vbmi.IsSupported)
        {
            (Vector256<float> first, Vector256<float> second, Vector256<float> third, Vector256<float> fourth) = LoadFour(source);
            return (Vector512.Create(first, second), Vector512.Create(third, fourth));
        }
        // The upper bytes 32 to 63 are those of zeros: zeros as well, which the places below a bfloat16 get.
        Vector512<byte> b = Vector256.Load(source).ToVector512();
        Vector512<byte> upper = LookUp(upperBytes, b) | b & Vector512.Create((byte)0x80), lower = LookUp(lowerBytes, b);
        var spread = Vector512.Create(
            0x41012020_40002020, 0x43032020_42022020, 0x45052020_44042020, 0x47072020_46062020,
            0x49092020_48082020, 0x4B0B2020_4A0A2020, 0x4D0D2020_4C0C2020, 0x4F0F2020_4E0E2020);
        return (Avx512Vbmi.PermuteVar64x8x2(lower, spread.AsByte(), upper).AsSingle(),
            Avx512Vbmi.PermuteVar64x8x2(lower, (spread + Vector512.Create(0x10100000_10100000)).AsByte(), upper).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<byte> LookUp(ReadOnlySpan<byte> table, Vector512<byte> indices)
    {
        ref byte first = ref MemoryMarshal.GetReference(table);
        return Avx512Vbmi.PermuteVar64x8x2(Vector512.LoadUnsafe(ref first), indices, Vector512.LoadUnsafe(ref first, 64));
    }

    // Of magnitude 0, 1, … as a float32: the first byte, and the second.
    static ReadOnlySpan<byte> upperBytes =>
    [
        0x00, 0x3B, 0x3B, 0x3B, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C,
        0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D,
        0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E,
        0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F,
        0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40,
        0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41,
        0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
        0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x7F,
    ];

    static ReadOnlySpan<byte> lowerBytes =>
    [
        0x00, 0x00, 0x80, 0xC0, 0x00, 0x20, 0x40, 0x60, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
        0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xC0,
    ];

    /// <summary>Of a table of 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<byte> Entries(ulong low, ulong high, Vector256<byte> indices) => Avx2.Shuffle(Vector256.Create(low, high, low, high).AsByte(), indices);
}
