using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Some rows of weights times some rows of x in the registers: what <see cref="MatMulFloats{TRows, TTile}"/> is made of.</summary>
unsafe interface IFloatTile
{
    /// <summary>Most rows of weights of a tile.</summary>
    static abstract int Outputs { get; }

    /// <summary>Most rows of x; there is room for the sums of as many, whether they are there or not.</summary>
    static abstract int Rows { get; }

    /// <summary>Adds the products of <paramref name="count"/> inputs of each pair, in sixteen sums that take turns, to its sum.</summary>
    /// <param name="weights">Numbers of the first row of weights; they are converted on the way into the registers.</param>
    /// <param name="rowBytes">From there to the next row of weights.</param>
    /// <param name="x">Panels of the rows of x.</param>
    /// <param name="count">A multiple of <see cref="MatMulInput.PanelStep"/>.</param>
    /// <param name="sums">Of the first output; the next one's are <paramref name="stride"/> floats further.</param>
    /// <param name="ahead">How many bytes further weights will be wanted soon; 0 where they are in the cache.</param>
    static abstract void Add<TFormat, TBlock>(
        TBlock* weights, long rowBytes, int outputs, float* x, int rows, int count, float* sums, int stride, long ahead)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged;
}
