using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>
/// Where weights go. Opening a model runs the same code as loading it, with a target that keeps nothing: so every name and shape is
/// checked.
/// </summary>
internal interface IWeightTarget
{
    /// <summary>The numbers as the file stores them.</summary>
    Tensor Matrix(WeightPlace place, TensorInfo tensor, int rows, int columns);

    /// <summary>The numbers as F32.</summary>
    Tensor Vector(WeightPlace place, TensorInfo tensor, int rows, int columns);
}
