using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// 256 weights of one row in memory, as the kernels for many rows take them: number i = scale · Values[i] + offset, in 8 groups of 32
/// (see <see cref="GroupFactors"/>).
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

    /// <summary>Unpacks the first <paramref name="groups"/> groups that begin at <paramref name="source"/>; the values of the others stay, their factors are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Unpack<TFormat, TBlock>(TBlock* source, int groups, UnpackedBlock* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        if (groups == Groups)
        {
            TFormat.Integers(source, 0).Store(target->Values);
            TFormat.Integers(source, 1).Store(target->Values + 32);
            TFormat.Integers(source, 2).Store(target->Values + 64);
            TFormat.Integers(source, 3).Store(target->Values + 96);
            TFormat.Integers(source, 4).Store(target->Values + 128);
            TFormat.Integers(source, 5).Store(target->Values + 160);
            TFormat.Integers(source, 6).Store(target->Values + 192);
            TFormat.Integers(source, 7).Store(target->Values + 224);
        }
        else
        {
            for (int g = 0; g < groups; g++) TFormat.Integers(source, g).Store(target->Values + g * GroupLength);
        }
        GroupFactors factors = TFormat.Factors(source, groups);
        factors.Scales.Store(target->Scales);
        if (TFormat.HasOffsets) factors.Offsets.Store(target->Offsets);
        if (!TFormat.HasHalfScales) return;
        factors.ScalesHigh.Store(target->ScalesHigh);
        factors.OffsetsHigh.Store(target->OffsetsHigh);
    }

    /// <summary>Decodes the <paramref name="count"/> numbers, a multiple of 32 and at most 256, that begin at <paramref name="source"/>.</summary>
    public static void Decode<TFormat, TBlock>(TBlock* source, int count, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        UnpackedBlock block;
        Unpack<TFormat, TBlock>(source, count / GroupLength, &block);
        for (int g = 0; g < count / GroupLength; g++)
        {
            DecodeHalf<TFormat, TBlock>(block.Values + g * GroupLength, block.Scales[g], block.Offsets[g], target + g * GroupLength);
            float scale = TFormat.HasHalfScales ? block.ScalesHigh[g] : block.Scales[g];
            float offset = TFormat.HasHalfScales ? block.OffsetsHigh[g] : block.Offsets[g];
            DecodeHalf<TFormat, TBlock>(block.Values + g * GroupLength + 16, scale, offset, target + g * GroupLength + 16);
        }
    }

    static void DecodeHalf<TFormat, TBlock>(byte* values, float scale, float offset, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        for (int i = 0; i < 16; i += 8)
        {
            Vector128<byte> bytes = Vector128.CreateScalarUnsafe(*(ulong*)(values + i)).AsByte();
            Vector256<float> numbers = (TFormat.IsSigned ? Formats.Scales.SignedBytes(bytes) : Formats.Scales.Bytes(bytes)) * scale;
            (TFormat.HasOffsets ? numbers + Vector256.Create(offset) : numbers).Store(target + i);
        }
    }
}
