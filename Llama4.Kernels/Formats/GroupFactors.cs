using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>
/// Lane g belongs to group g of 32 numbers, or to its first 16 where the format has half scales; the High ones are for the other 16.
/// Offsets and High ones are not set in formats that have none.
/// </summary>
readonly struct GroupFactors
{
    public readonly Vector256<float> Scales, Offsets, ScalesHigh, OffsetsHigh;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GroupFactors(Vector256<float> scales) => Scales = scales;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GroupFactors(Vector256<float> scales, Vector256<float> offsets)
    {
        Scales = scales;
        Offsets = offsets;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GroupFactors(Vector256<float> scales, Vector256<float> offsets, Vector256<float> scalesHigh, Vector256<float> offsetsHigh)
    {
        Scales = scales;
        Offsets = offsets;
        ScalesHigh = scalesHigh;
        OffsetsHigh = offsetsHigh;
    }

    /// <summary>For numbers scale · (integer − centre).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Centred(Vector256<float> scales, int centre) => new(scales, scales * -centre);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GroupFactors Centred(Vector256<float> scales, Vector256<float> scalesHigh, int centre) =>
        new(scales, scales * -centre, scalesHigh, scalesHigh * -centre);
}
