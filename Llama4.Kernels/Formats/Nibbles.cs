using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>Vectors of bytes from packed bits.</summary>
static unsafe class Nibbles
{
    /// <summary>The low halves of 16 bytes, then their high halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack16(byte* source)
    {
        Vector128<byte> packed = Vector128.Load(source);
        return Vector256.Create(packed & Vector128.Create((byte)15), packed >>> 4);
    }

    /// <summary>Bits <paramref name="shift"/> and up of each byte, under <paramref name="mask"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Field(Vector256<byte> packed, int shift, byte mask) =>
        (packed.AsUInt16() >>> shift).AsByte() & Vector256.Create(mask); // what comes over from the neighbour is above the mask

    /// <summary><see cref="Field"/> for a shift that differs from call to call; constants are faster there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FieldAt(Vector256<byte> packed, int shift, byte mask) =>
        ShiftRight(packed.AsUInt32(), shift).AsByte() & Vector256.Create(mask);

    /// <summary>
    /// Four bits from bit <paramref name="lowShift"/> of each byte of <paramref name="low"/>, above them those from bit <paramref name="highShift"/> of
    /// each of <paramref name="high"/>, under <paramref name="mask"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Join(Vector256<byte> low, int lowShift, Vector256<byte> high, int highShift, byte mask)
    {
        Vector256<byte> four = Vector256.Create((byte)15);
        if (!Avx512F.VL.IsSupported) return FieldAt(low, lowShift, 15) | (FieldAt(high, highShift, (byte)(mask >> 4)).AsUInt16() << 4).AsByte();
        // Turned until they lie above the four; what comes over from the neighbours is outside the mask.
        Vector256<uint> turned = Avx512F.VL.RotateLeftVariable(high.AsUInt32(), Vector256.Create((uint)(4 - highShift & 31)));
        return Vector256.ConditionalSelect(four, ShiftRight(low.AsUInt32(), lowShift).AsByte(), turned.AsByte()) & Vector256.Create(mask);
    }

    // By a vector of shifts: one operation on x86, where a shift by a number in a register is two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> ShiftRight(Vector256<uint> packed, int shift) =>
        Avx2.IsSupported ? Avx2.ShiftRightLogicalVariable(packed, Vector256.Create((uint)shift)) : packed >>> shift;

    /// <summary>16 in each byte whose bit in the word is set, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FifthBits(uint word)
    {
        // Bytes 0–7 look at byte 0 of the word, 8–15 at byte 1, and so on; each tests its own bit.
        Vector128<byte> bytes = Vector128.CreateScalarUnsafe(word).AsByte();
        Vector256<byte> spread = Vector256.Create(
            Vector128.Shuffle(bytes, Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)),
            Vector128.Shuffle(bytes, Vector128.Create((byte)2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)));
        Vector256<byte> bit = Vector256.Create(0x8040201008040201UL).AsByte();
        return Vector256.Equals(spread & bit, bit) & Vector256.Create((byte)16);
    }

    /// <summary>Each number of 4 bits of 16 bytes looked up in a table of 16: the low halves, then the high halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LookUp16(byte* source, Vector128<byte> table)
    {
        Vector128<byte> packed = Vector128.Load(source);
        return Vector256.Create(
            Vector128.ShuffleNative(table, packed & Vector128.Create((byte)15)),
            Vector128.ShuffleNative(table, packed >>> 4));
    }
}
