namespace Llama4.Kernels.Cpu;

/// <summary>Sizes of the attention kernels' memory for one head width N. Rows are padded so that the kernels see whole vectors only.</summary>
readonly unsafe struct AttentionShape(int headDim)
{
    /// <summary>Positions in a span: the unit in which keys and values are read, aligned to a multiple of itself.</summary>
    public const int Span = 64;

    public int HeadDim => headDim;

    /// <summary>Numbers that a dot product reads: N up to whole vectors.</summary>
    public int Used => (headDim + Lanes.Count - 1) & -Lanes.Count;

    /// <summary>Distance of rows: N up to four vectors, which the sum of values handles at once. Beyond N: zeros.</summary>
    public int Stride => (headDim + 4 * Lanes.Count - 1) & (-4 * Lanes.Count);

    /// <summary>Numbers in the state of one query: the sum of values [Stride], the largest score, the sum of weights.</summary>
    public int StateStride => Stride + Lanes.Count;

    /// <summary>Numbers in one span of keys or values.</summary>
    public int TileLength => Span * Stride;

    public float Scale => 1 / MathF.Sqrt(headDim);

    /// <summary>One row of N numbers, padded with zeros to Stride.</summary>
    public void CopyPadded(float* source, float* target)
    {
        new ReadOnlySpan<float>(source, headDim).CopyTo(new Span<float>(target, headDim));
        new Span<float>(target + headDim, Stride - headDim).Clear();
    }
}
