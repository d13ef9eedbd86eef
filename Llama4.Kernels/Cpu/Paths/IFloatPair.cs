using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Two vectors of floats side by side, whose lanes are outputs.</summary>
unsafe interface IFloatPair<TSelf>
    where TSelf : struct, IFloatPair<TSelf>
{
    /// <summary>Floats in both.</summary>
    static abstract int Length { get; }

    static abstract TSelf Load<TFormat, TBlock>(TBlock* source)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged;

    /// <summary>sums + weights · x, in one rounding where the processor can.</summary>
    static abstract TSelf AddProducts(TSelf sums, TSelf weights, float x);

    static abstract void Store(TSelf pair, float* target);
}
