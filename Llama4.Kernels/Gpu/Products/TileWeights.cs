using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>The weights of a group's outputs, and those that a thread brings.</summary>
struct TileWeights
{
    /// <summary>Address of the first output's.</summary>
    public long First;

    /// <summary>Bytes from there to the outputs that this thread reads.</summary>
    public int A, B, C, D;

    /// <summary>Bytes from a block to the next along the inputs.</summary>
    public long InputBytes;

    public int Columns;

    readonly int outputBytes, last;

    public TileWeights(in ProductPart part, int columns, int firstOutput)
    {
        First = Words.Kept(part.Weights + firstOutput * part.OutputBytes);
        Columns = columns;
        InputBytes = part.InputBytes;
        outputBytes = (int)part.OutputBytes;
        last = part.Outputs - 1 - firstOutput;
    }

    /// <summary>For A to D. Behind the last output the last one's.</summary>
    public readonly int Offset(int output) => Words.Kept(IntrinsicMath.Min(output, last) * outputBytes);
}
