using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>
/// Copies the matrices of a decoder into the layouts that their devices multiply fastest, as far as half of the free memory goes: first those
/// that every token uses, then the routed experts, of which a token uses few. The results stay the same, to the bit.
/// </summary>
/// <remarks>The copies belong to their devices and live as long as these.</remarks>
internal sealed class Repacking(Placement placement, CancellationToken cancel = default)
{
    readonly long[] bytesLeft = [.. placement.Devices.Select(device => device.FreeBytes / 2)];

    public Llama4Weights Apply(Llama4Weights weights)
    {
        LayerWeights[] layers = [.. weights.Layers.Select(Common)];
        Weight output = One(weights.Output, placement.Layer(layers.Length - 1));
        return weights with { Layers = [.. layers.Select(Routed)], Output = output };
    }

    /// <summary>What every token uses.</summary>
    LayerWeights Common(LayerWeights layer, int index)
    {
        int device = placement.Layer(index);
        return layer with
        {
            Query = One(layer.Query, device),
            Key = One(layer.Key, device),
            Value = One(layer.Value, device),
            AttentionOutput = One(layer.AttentionOutput, device),
            Dense = layer.Dense is null ? null : Dense(layer.Dense, device),
            Moe = layer.Moe is null ? null : layer.Moe with { Shared = Dense(layer.Moe.Shared, device) },
        };
    }

    LayerWeights Routed(LayerWeights layer, int index)
    {
        if (layer.Moe is not { } moe) return layer;
        int device = placement.Experts(index);
        return layer with { Moe = moe with { Gate = All(moe.Gate, device), Up = All(moe.Up, device), Down = All(moe.Down, device) } };
    }

    DenseWeights Dense(DenseWeights dense, int device) => new(One(dense.Gate, device), One(dense.Up, device), One(dense.Down, device));

    /// <summary>All experts or none: they are of one kind.</summary>
    IReadOnlyList<Weight> All(IReadOnlyList<Weight> experts, int device) =>
        experts.Sum(expert => expert.Bytes) > bytesLeft[device] ? experts : [.. experts.Select(expert => One(expert, device))];

    Weight One(Weight weight, int device)
    {
        cancel.ThrowIfCancellationRequested();
        if (weight.Bytes > bytesLeft[device] || placement.Devices[device].TryRepack(weight) is not { } repacked) return weight;
        bytesLeft[device] -= weight.Bytes;
        return repacked;
    }
}
