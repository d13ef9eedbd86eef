using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>Asks for tensors by name and checks their shapes and encodings.</summary>
/// <param name="place">What they belong to.</param>
internal sealed class WeightReader(TensorTable tensors, IWeightTarget target, WeightPlace place)
{
    public TensorTable Tensors => tensors;

    /// <summary>The same for what belongs elsewhere.</summary>
    public WeightReader For(WeightPlace other) => new(tensors, target, other);

    /// <summary>[1, length] F32.</summary>
    public Tensor Vector(string name, int length) => Vector(tensors.Get(name, length), 1, length);

    public Tensor Vector(TensorInfo tensor, int rows, int columns)
    {
        if (tensor.Encoding is not (Encoding.F32 or Encoding.F16 or Encoding.BF16))
            throw new ModelFormatException(tensor.File, tensor.Name, $"is {tensor.Encoding}, expected F32, F16 or BF16");
        return target.Vector(place, tensor, rows, columns);
    }

    /// <summary>The numbers of a tensor as a matrix, in the encoding of the file.</summary>
    public Tensor Matrix(TensorInfo tensor, long rows, long columns)
    {
        if (tensor.Encoding is Encoding.I32 or Encoding.I64)
            throw new ModelFormatException(tensor.File, tensor.Name, $"is {tensor.Encoding}, expected the encoding of a weight");
        if (rows > int.MaxValue || columns > int.MaxValue)
            throw new ModelFormatException(tensor.File, tensor.Name, $"{rows} × {columns} numbers, limit {int.MaxValue} on a side");
        return target.Matrix(place, tensor, (int)rows, (int)columns);
    }

    public NormWeights Norm(string name, int length) => new(Vector(name + ".weight", length), Vector(name + ".bias", length));
}
