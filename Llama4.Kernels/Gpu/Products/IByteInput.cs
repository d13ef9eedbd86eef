using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Rows of x as signed bytes, x[i] ≈ scale · byte i with a scale for each 32, as on the CPU (<see cref="Cpu.InputBlock"/>).</summary>
interface IByteInput
{
    /// <summary>Every thread of the group calls this before the first run is asked for.</summary>
    void Prepare();

    /// <param name="column">A multiple of 16.</param>
    ByteRun Run(int row, int column);
}

/// <summary>16 inputs, their scale, and scale · Σ bytes.</summary>
struct ByteRun
{
    public UInt4 Values;
    public float Scale, Sum;
}
