using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>
/// Which device keeps and computes which part of a model. The first layers are the host's, the others the accelerator's; the residual
/// stream crosses over once. Routed experts, most of the bytes of a model and little of its work, can stay with the host all the same.
/// </summary>
public sealed class Placement
{
    readonly Device[] devices;
    readonly int[] layers, experts;

    /// <summary>Everything on one device.</summary>
    public Placement(Device device)
    {
        devices = [device];
        layers = experts = [];
    }

    /// <param name="acceleratorLayers">Layers, from the last on, with their keys and values; with all of them goes the embedding.</param>
    /// <param name="hostExperts">Layers with routed experts, from the first on, whose experts the host keeps.</param>
    public Placement(Device host, Device accelerator, TextConfig config, int acceleratorLayers, int hostExperts = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(acceleratorLayers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(acceleratorLayers, config.Layers);
        ArgumentOutOfRangeException.ThrowIfNegative(hostExperts);
        devices = [host, accelerator];
        layers = new int[config.Layers];
        experts = new int[config.Layers];
        for (int layer = 0, moe = 0; layer < config.Layers; layer++)
        {
            layers[layer] = layer < config.Layers - acceleratorLayers ? 0 : 1;
            experts[layer] = config.IsMoe[layer] && moe++ < hostExperts ? 0 : layers[layer];
        }
    }

    /// <summary>All different; the host first where there are two.</summary>
    public IReadOnlyList<Device> Devices => devices;

    /// <summary>Which device has a layer, its keys and values; the first layer's has the embedding, the last one's the output.</summary>
    internal int Layer(int layer) => layers.Length == 0 ? 0 : layers[layer];

    /// <summary>Which device has the routed experts of a layer, and their router.</summary>
    internal int Experts(int layer) => experts.Length == 0 ? 0 : experts[layer];

    /// <summary>Which device has the vision part: the accelerator where it does anything.</summary>
    internal int Vision => layers.Length == 0 ? 0 : layers[^1];

    internal int Of(WeightPlace place) => place.Layer < 0 ? Vision : place.IsExpert ? Experts(place.Layer) : Layer(place.Layer);
}
