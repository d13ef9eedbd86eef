using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
