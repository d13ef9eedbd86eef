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

    /// <summary>Whether a block holds the integers of a group as bytes, in their order: nothing has to be unpacked.</summary>
    static virtual bool HasBytes => false;

    /// <summary>These bytes.</summary>
    static virtual unsafe byte* Bytes(TBlock* source, int group) => throw new NotSupportedException();

    /// <summary>Scales and offsets of the first <paramref name="groups"/> groups; always 8 where a block holds 256 numbers.</summary>
    static abstract unsafe GroupFactors Factors(TBlock* source, int groups);

    /// <summary>
    /// Whether 256 numbers of eight rows can be laid out as columns: the same bytes in another order, so that lane r of a vector belongs to row r.
    /// Only for unsigned integers.
    /// </summary>
    static virtual bool HasColumns => false;

    /// <summary>Brings 256 numbers of eight rows, <paramref name="rowBytes"/> apart, into columns.</summary>
    static virtual unsafe void ToColumns(TBlock* source, long rowBytes, int* columns) => throw new NotSupportedException();

    /// <summary>From columns, in each lane: four neighbouring integers of a row, the <paramref name="step"/>-th four of a group.</summary>
    static virtual unsafe Vector256<byte> ColumnIntegers(int* columns, nint group, int step) => throw new NotSupportedException();

    /// <summary>From columns: the factors as <see cref="Interleaved.Factors"/> lays them out.</summary>
    static virtual unsafe void ColumnFactors(int* columns, float* factors) => throw new NotSupportedException();
}
