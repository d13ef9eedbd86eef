using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>Blocks of integers, 256 numbers in 8 groups at a time.</summary>
static unsafe class Unpacking
{
    /// <summary>Numbers that are unpacked together.</summary>
    public const int Length = 256;

    public const int GroupLength = 32;

    public const int Groups = Length / GroupLength;

    /// <summary>The integers of the first <paramref name="groups"/> groups that begin at <paramref name="source"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Integers<TFormat, TBlock>(TBlock* source, int groups, byte* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        if (groups < Groups)
        {
            for (int g = 0; g < groups; g++) TFormat.Integers(source, g).Store(target + g * GroupLength);
            return;
        }
        TFormat.Integers(source, 0).Store(target);
        TFormat.Integers(source, 1).Store(target + 32);
        TFormat.Integers(source, 2).Store(target + 64);
        TFormat.Integers(source, 3).Store(target + 96);
        TFormat.Integers(source, 4).Store(target + 128);
        TFormat.Integers(source, 5).Store(target + 160);
        TFormat.Integers(source, 6).Store(target + 192);
        TFormat.Integers(source, 7).Store(target + 224);
    }

    /// <summary>Decodes the <paramref name="count"/> numbers, a multiple of 32 and at most 256, that begin at <paramref name="source"/>.</summary>
    public static void Decode<TFormat, TBlock>(TBlock* source, int count, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        int groups = count / GroupLength;
        byte* integers = stackalloc byte[Length];
        float* factors = stackalloc float[4 * Groups];
        Integers<TFormat, TBlock>(source, groups, integers);
        GroupFactors all = TFormat.Factors(source, groups);
        all.Scales.Store(factors);
        all.Offsets.Store(factors + Groups);
        (TFormat.HasHalfScales ? all.ScalesHigh : all.Scales).Store(factors + 2 * Groups);
        (TFormat.HasHalfScales ? all.OffsetsHigh : all.Offsets).Store(factors + 3 * Groups);
        for (int g = 0; g < groups; g++, integers += GroupLength, target += GroupLength)
        {
            DecodeHalf<TFormat, TBlock>(integers, factors[g], factors[g + Groups], target);
            DecodeHalf<TFormat, TBlock>(integers + 16, factors[g + 2 * Groups], factors[g + 3 * Groups], target + 16);
        }
    }

    static void DecodeHalf<TFormat, TBlock>(byte* integers, float scale, float offset, float* target)
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        for (int i = 0; i < 16; i += 8)
        {
            Vector128<byte> bytes = Vector128.CreateScalarUnsafe(*(ulong*)(integers + i)).AsByte();
            Vector256<float> numbers = (TFormat.IsSigned ? Formats.Scales.SignedBytes(bytes) : Formats.Scales.Bytes(bytes)) * scale;
            (TFormat.HasOffsets ? numbers + Vector256.Create(offset) : numbers).Store(target + i);
        }
    }
}
