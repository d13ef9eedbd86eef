using Llama4.Kernels.Cpu.Paths;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Rows of weights as floats, a panel of at most 512 numbers from a place on: as many as are asked for, then zeros up to a multiple of
/// <see cref="MatMulInput.PanelStep"/>. x is read up to there as well.
/// </summary>
unsafe interface IWeightRows
{
    /// <summary>Numbers [from, from + count) of a row, and the zeros.</summary>
    static abstract void Decode(byte* row, int from, int count, float* target);

    /// <summary>
    /// Those numbers times x in two vectors of eight sums that take turns, added by <see cref="Lanes.Sum"/>.
    /// <paramref name="scratch"/> has room for a panel.
    /// </summary>
    static abstract float Dot(byte* row, int from, int count, float* x, float* scratch);

    /// <summary>The same for a tile of rows, <see cref="IFloatTile.Add"/>. False, and nothing is added, where they have to be decoded first.</summary>
    static abstract bool TryAddTile<TTile>(byte* row, long rowBytes, int outputs, int from, int count, float* x, int rows, float* sums, int stride, long ahead)
        where TTile : struct, IFloatTile;
}
