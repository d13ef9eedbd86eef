namespace Llama4.Kernels.Cpu;

/// <summary>Rows of weights as floats, a panel of at most 512 at a time.</summary>
unsafe interface IWeightRows
{
    /// <summary>Numbers [from, from + count) of a row, then zeros up to a multiple of 16.</summary>
    static abstract void Decode(byte* row, int from, int count, float* target);

    /// <summary>
    /// Those numbers times x in two vectors of eight sums that take turns, added by <see cref="Lanes.Sum"/>. Reads x up to a multiple of 16.
    /// <paramref name="scratch"/> has room for a panel.
    /// </summary>
    static abstract float Dot(byte* row, int from, int count, float* x, float* scratch);
}
