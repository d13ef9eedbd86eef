using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>A format of small integers with scales; multiplied in integers, group by group.</summary>
interface IQuantisedFormat<TBlock> : IFormat<TBlock>
    where TBlock : unmanaged
{
    /// <summary>Largest magnitude of an unpacked integer.</summary>
    static abstract int Largest { get; }

    /// <summary>Whether unpacked integers are signed bytes; else unsigned ones.</summary>
    static abstract bool IsSigned { get; }

    /// <summary>Whether the halves of a group of 32 have scales (and offsets) of their own.</summary>
    static abstract bool HasHalfScales { get; }

    /// <summary>Whether there is something to add: number = scale · integer + offset.</summary>
    static abstract bool HasOffsets { get; }

    /// <summary>
    /// The 32 integers of a group, of the 8 groups that begin at <paramref name="source"/>. Scale · integer + offset is exactly what
    /// <see cref="IFormat{TBlock}.Decode"/> gives.
    /// </summary>
    static abstract unsafe Vector256<byte> Integers(TBlock* source, int group);

    /// <summary>Scales and offsets of the first <paramref name="groups"/> groups; always 8 where a block holds 256 numbers.</summary>
    static abstract unsafe GroupFactors Factors(TBlock* source, int groups);

    /// <summary>
    /// A block of 256 numbers of eight rows, <paramref name="rowBytes"/> apart: the integers [group][four inputs][row], and the factors as
    /// <see cref="Interleaved.Factors"/> lays them out. False, and nothing is done: the format leaves it to the general way.
    /// </summary>
    static virtual unsafe bool TryInterleaveEight(TBlock* source, long rowBytes, byte* integers, float* factors) => false;
}
