using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 weights of one row, as the integer kernels take them: number i = scale · Values[i] + offset, in 8 groups g of 32.
/// A format with half scales uses Scales and Offsets for the first 16 numbers of a group and the High ones for the others.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct UnpackedBlock
{
    /// <summary>Numbers in a block.</summary>
    public const int Length = 256;

    public const int GroupLength = 32;

    public const int Groups = Length / GroupLength;

    public fixed byte Values[Length];
    public fixed float Scales[Groups];
    public fixed float Offsets[Groups];
    public fixed float ScalesHigh[Groups];
    public fixed float OffsetsHigh[Groups];

    /// <summary>Unpacks the <paramref name="count"/> numbers, a multiple of 32 and at most 256, that begin at <paramref name="source"/>.</summary>
    public static void Decode<TFormat, TBlock>(TBlock* source, int count, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        UnpackedBlock block;
        TFormat.Unpack(source, count / GroupLength, &block);
        for (int g = 0; g < count / GroupLength; g++)
        {
            Half<TFormat, TBlock>(block.Values + g * GroupLength, block.Scales[g], block.Offsets[g], target + g * GroupLength);
            float scale = TFormat.HasHalfScales ? block.ScalesHigh[g] : block.Scales[g], offset = TFormat.HasHalfScales ? block.OffsetsHigh[g] : block.Offsets[g];
            Half<TFormat, TBlock>(block.Values + g * GroupLength + 16, scale, offset, target + g * GroupLength + 16);
        }
    }

    static void Half<TFormat, TBlock>(byte* values, float scale, float offset, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        for (int i = 0; i < 16; i += 8)
        {
            Vector256<float> numbers = TFormat.IsSigned ? Formats.Scales.SignedBytes(*(ulong*)(values + i)) : Formats.Scales.Bytes(*(ulong*)(values + i));
            numbers *= scale;
            (TFormat.HasOffsets ? numbers + Vector256.Create(offset) : numbers).Store(target + i);
        }
    }
}
