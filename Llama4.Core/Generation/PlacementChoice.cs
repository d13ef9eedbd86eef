using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>Decides what of a model goes on the accelerator, before a weight is touched.</summary>
internal sealed class PlacementChoice(Checkpoint checkpoint, LlamaOptions options, DeviceSet devices)
{
    /// <summary>A conversation that should at least be possible where no context is asked for.</summary>
    const int LeastContext = 4096;

    readonly TextConfig config = checkpoint.Config.Text;

    /// <returns>The placement, and a sentence for people when it is another one than was asked for.</returns>
    /// <exception cref="OutOfMemoryException">What was asked for does not fit; the message has the numbers and what would.</exception>
    public (Placement Placement, string? Note) Make()
    {
        if (devices.Accelerator is not { } accelerator) return (new Placement(devices.Host), devices.Note);
        int layers = Math.Min(options.GpuLayers ?? config.Layers, config.Layers);
        long free = accelerator.FreeBytes;
        if (Needed(layers, options.CpuExperts).Total <= free) return (Place(layers, options.CpuExperts), null);

        int most = Most(free);
        if (options.Device == DeviceSet.Auto && options.GpuLayers is null)
            return (Place(most, options.CpuExperts), most == 0
                ? $"the processor computes: not one layer of the model fits {accelerator.Name} with {free:N0} free bytes"
                : $"{most} of {config.Layers} layers are on {accelerator.Name}, the others do not fit its {free:N0} free bytes and are on the processor");
        throw new OutOfMemoryException(Refusal(Needed(layers, options.CpuExperts), layers, free, most));
    }

    /// <summary>With nothing on a device, that device takes no part.</summary>
    Placement Place(int layers, int hostExperts)
    {
        if (layers == 0) return new Placement(devices.Host);
        return layers == config.Layers && (hostExperts == 0 || config.Experts == 0)
            ? new Placement(devices.Accelerator!)
            : new Placement(devices.Host, devices.Accelerator!, config, layers, hostExperts);
    }

    /// <summary>Bytes on the accelerator.</summary>
    Need Needed(int layers, int hostExperts)
    {
        if (layers == 0) return default;
        var placement = new Placement(devices.Host, devices.Accelerator!, config, layers, hostExperts);
        using var cache = new KvCache(placement, config, options.CacheEncoding);
        int context = Math.Min(options.ContextSize ?? LeastContext, config.MaxContext);
        return new Need(checkpoint.PlanBytes(placement)[1], cache.Parts[1].BytesFor(context), context, MemoryBudget.StepBytes(config, options));
    }

    /// <summary>The most layers that fit.</summary>
    int Most(long free)
    {
        int layers = config.Layers;
        while (Needed(layers, options.CpuExperts).Total > free) layers--;
        return layers;
    }

    /// <summary>The fewest layers whose experts the host must keep for so many layers to fit; null when that is not enough.</summary>
    int? FewestHostExperts(int layers, long free)
    {
        int moe = config.IsMoe.Count(isMoe => isMoe);
        for (int experts = options.CpuExperts + 1; experts <= moe; experts++)
            if (Needed(layers, experts).Total <= free) return experts;
        return null;
    }

    string Refusal(Need need, int layers, long free, int most)
    {
        string advice = FewestHostExperts(layers, free) is int experts
            ? $"gpu_layers {most}, or cpu_experts {experts} with these layers" : $"gpu_layers {most}";
        return $"{layers} layers take {need.Total:N0} bytes on {devices.Accelerator!.Name}: {need.Weights:N0} for weights, {need.Cache:N0} for keys and values of "
            + $"{need.Context} tokens, {need.Step:N0} for a step; {free:N0} are free. What fits: {advice}";
    }

    readonly record struct Need(long Weights, long Cache, int Context, long Step)
    {
        public long Total => Weights + Cache + Step;
    }
}
