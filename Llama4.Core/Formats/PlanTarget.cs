using Llama4.Core.Model;
using Llama4.Kernels;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Core.Formats;

/// <summary>A dry run: counts the bytes that loading will have to go through, and those that each device will hold.</summary>
/// <param name="placement">Absent: all on one device.</param>
internal sealed class PlanTarget(Placement? placement = null) : IWeightTarget
{
    readonly Nothing nothing = new();
    readonly HashSet<(TensorInfo, int)> matrices = [];

    /// <summary>Bytes of the files.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of each device.</summary>
    public long[] BytesOf { get; } = new long[placement?.Devices.Count ?? 1];

    public Tensor Matrix(WeightPlace place, TensorInfo tensor, int rows, int columns)
    {
        int device = placement?.Of(place) ?? 0;
        if (matrices.Add((tensor, device)))
        {
            Bytes += tensor.Bytes;
            BytesOf[device] += tensor.Bytes;
        }
        return new Tensor(nothing, 0, rows, columns, tensor.Encoding);
    }

    public Tensor Vector(WeightPlace place, TensorInfo tensor, int rows, int columns)
    {
        Bytes += tensor.Bytes;
        BytesOf[placement?.Of(place) ?? 0] += (long)rows * columns * sizeof(float);
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
