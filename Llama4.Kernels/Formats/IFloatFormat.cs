using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>A format of single numbers; multiplied in float32.</summary>
interface IFloatFormat<TBlock> : IFormat<TBlock>
    where TBlock : unmanaged
{
    /// <summary>The 8 numbers at <paramref name="source"/>, each as <see cref="IFormat{TBlock}.Decode"/> gives it.</summary>
    static abstract unsafe Vector256<float> Load(TBlock* source);
}
