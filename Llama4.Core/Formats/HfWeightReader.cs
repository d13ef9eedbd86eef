using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>Weights as safetensors checkpoints store them, with the scales of FP8 ones.</summary>
/// <param name="place">What they belong to.</param>
internal sealed class HfWeightReader(TensorTable tensors, IWeightTarget target, WeightPlace place)
{
    readonly WeightReader read = new(tensors, target, place);

    public TensorTable Tensors => tensors;

    /// <summary>The same for what belongs elsewhere.</summary>
    public HfWeightReader For(WeightPlace other) => new(tensors, target, other);

    public Tensor Vector(string name, int length) => read.Vector(name, length);

    public NormWeights Norm(string name, int length) => read.Norm(name, length);

    /// <summary>A matrix of which rows are read as F32.</summary>
    public Tensor Table(string name, int rows, int columns) => read.Vector(tensors.Get(name, rows, columns), rows, columns);

    public BiasedWeight Biased(string name, int inputs, int outputs) => new(Linear(name, inputs, outputs), Vector(name + ".bias", outputs));

    /// <summary>[outputs, inputs], with one scale per output when it is F8.</summary>
    public Weight Linear(string name, int inputs, int outputs) =>
        Linear(name, tensors.Get(name + ".weight", outputs, inputs), inputs, outputs);

    /// <summary>A linear layer whose number of outputs only its shape says.</summary>
    public Weight LinearFrom(string name, int inputs)
    {
        TensorInfo tensor = tensors.GetWithInputs(name + ".weight", inputs);
        return Linear(name, tensor, inputs, (int)tensor.Dimensions[0]);
    }

    /// <summary>[experts, inputs, outputs] as one input-major weight per expert.</summary>
    public Weight[] FusedExperts(string name, int experts, int inputs, int outputs)
    {
        TensorInfo tensor = tensors.Get(name, experts, inputs, outputs);
        Tensor all = read.Matrix(tensor, (long)experts * inputs, outputs);
        Tensor? scales = Scales(tensor, name + "_scale", experts, outputs);
        var weights = new Weight[experts];
        for (int e = 0; e < experts; e++)
            weights[e] = new Weight(all.RowRange(e * inputs, inputs), scales?.RowRange(e, 1), InputMajor: true);
        return weights;
    }

    /// <summary>One [outputs, inputs] matrix per expert, as FP8 checkpoints have them; all of one encoding.</summary>
    public Weight[] SingleExperts(string prefix, string name, int experts, int inputs, int outputs)
    {
        var weights = new Weight[experts];
        for (int e = 0; e < experts; e++)
        {
            weights[e] = Linear($"{prefix}{e}.{name}", inputs, outputs);
            if (weights[e].Encoding != weights[0].Encoding)
                throw new ModelFormatException(tensors.Source, $"{prefix}{e}.{name}.weight",
                    $"is {weights[e].Encoding}, but expert 0 of the layer is {weights[0].Encoding}: mixed experts are not supported");
        }
        return weights;
    }

    Weight Linear(string name, TensorInfo tensor, int inputs, int outputs) =>
        new(read.Matrix(tensor, outputs, inputs), Scales(tensor, name + ".weight_scale", 1, outputs));

    /// <summary>F8 needs a scale per output, anything else must not have one.</summary>
    Tensor? Scales(TensorInfo weight, string name, int rows, int outputs)
    {
        TensorInfo? scales = tensors.Find(name);
        if (weight.Encoding == Encoding.F8E4M3 != scales is not null)
            throw new ModelFormatException(weight.File, weight.Name, scales is null
                ? $"is F8_E4M3, but there is no {name}: this layout is not supported"
                : $"is {weight.Encoding}, but has {name}: this layout is not supported");
        if (scales is null) return null;
        long count = 1;
        foreach (long dimension in scales.Dimensions) count = dimension is 0 or > int.MaxValue ? 0 : checked(count * dimension);
        if (count != (long)rows * outputs)
            throw new ModelFormatException(scales.File, name,
                $"has the shape [{string.Join(", ", scales.Dimensions)}], expected one number for each of {outputs} outputs"
                + (rows > 1 ? $" of {rows} experts" : "") + "; other granularities are not supported");
        return read.Vector(scales, rows, outputs);
    }
}
