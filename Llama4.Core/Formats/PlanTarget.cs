using Llama4.Kernels;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Core.Formats;

/// <summary>A dry run: counts the bytes that loading will have to go through.</summary>
internal sealed class PlanTarget : IWeightTarget
{
    readonly Nothing nothing = new();

    public long Bytes { get; private set; }

    public Tensor Matrix(TensorInfo tensor, int rows, int columns)
    {
        Bytes += tensor.Bytes;
        return new Tensor(nothing, 0, rows, columns, tensor.Encoding);
    }

    public Tensor Vector(TensorInfo tensor, int rows, int columns)
    {
        Bytes += tensor.Bytes;
        return new Tensor(nothing, 0, rows, columns, Encoding.F32);
    }

    /// <summary>Memory that does not exist; tensors of a plan have sizes but no numbers.</summary>
    sealed class Nothing : Buffer
    {
        public override long Bytes => 0;

        public override long Address => throw new InvalidOperationException("a planned tensor has no memory");

        public override void Dispose() { }
    }
}
