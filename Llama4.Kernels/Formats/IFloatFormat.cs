using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>A format of single numbers; multiplied in float32.</summary>
interface IFloatFormat<TBlock> : IFormat<TBlock>
    where TBlock : unmanaged
{
    /// <summary>The 8 numbers at <paramref name="source"/>, each as <see cref="IFormat{TBlock}.Decode"/> gives it.</summary>
    static abstract unsafe Vector256<float> Load(TBlock* source);

    /// <summary>The 32 numbers there: the same, but some formats convert many at a time faster.</summary>
    static abstract unsafe (Vector256<float> First, Vector256<float> Second, Vector256<float> Third, Vector256<float> Fourth) LoadFour(TBlock* source);

    /// <summary>These 32 in vectors of 512 bits, for processors that have them.</summary>
    static abstract unsafe (Vector512<float> First, Vector512<float> Second) LoadWide(TBlock* source);
}
