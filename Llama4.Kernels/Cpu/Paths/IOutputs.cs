using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>
/// Sixteen outputs side by side with 32 bits of each: four bytes of weights, two sums of 16 bits, an integer or a float. The vectors and the
/// instructions of a path; what comes out is the same in all of them, bit for bit.
/// </summary>
unsafe interface IOutputs<TSelf>
    where TSelf : struct, IOutputs<TSelf>
{
    /// <summary>What a sum of <see cref="AddProducts"/> can hold.</summary>
    static abstract int LargestSum { get; }

    /// <summary>Whether weights are best unsigned bytes, up to 255, so that signed ones are moved up by 128 beforehand.</summary>
    static abstract bool MovesSigned { get; }

    static abstract TSelf Load(byte* source);

    /// <summary>Eight outputs from <paramref name="source"/>, the others from <paramref name="distance"/> bytes further.</summary>
    static abstract TSelf Load(byte* source, nint distance);

    /// <summary>The same integer for all outputs.</summary>
    static abstract TSelf Create(int integer);

    /// <summary>
    /// Adds the products of four weights of each output with four inputs, the same for all: a sum for each two of them, or one for all four.
    /// The sums must fit into <see cref="LargestSum"/>.
    /// </summary>
    /// <param name="isSigned">Whether weights are signed bytes; else unsigned ones, up to 127 unless <see cref="MovesSigned"/>.</param>
    static abstract TSelf AddProducts(TSelf sums, TSelf weights, byte* inputs, bool isSigned);

    /// <summary>An integer for each output from what <see cref="AddProducts"/> added up.</summary>
    static abstract TSelf Total(TSelf sums);

    /// <summary>a + b of integers.</summary>
    static abstract TSelf Add(TSelf a, TSelf b);

    /// <summary>Integers · (scales · scale) + sums.</summary>
    static abstract TSelf AddScaled(TSelf integers, TSelf scales, float* scale, float* sums);

    /// <summary>Offsets · input + sums.</summary>
    static abstract TSelf AddOffsets(TSelf sums, TSelf offsets, float* input);

    static abstract void Store(TSelf sums, float* target);

    /// <summary>For a row at a time, eight sums: adds to each four neighbouring products. Unsigned weights go up to 127.</summary>
    static abstract Vector256<int> AddRowProducts(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs, bool isSigned);
}
