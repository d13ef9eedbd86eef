using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Generation;

/// <summary>Puts a <see cref="Llama"/> together.</summary>
internal static class LlamaLoader
{
    /// <param name="checkpoint">Belongs to the result from here on; disposed when loading fails.</param>
    /// <param name="open">Opens the devices.</param>
    public static Llama Load(
        Checkpoint checkpoint, LlamaOptions options, Func<LlamaOptions, DeviceSet> open, IProgress<LoadProgress>? progress, CancellationToken cancel)
    {
        DeviceSet? devices = null;
        try
        {
            TextConfig config = checkpoint.Config.Text;
            options.Validate(config.MaxContext);
            var tokenizer = new Llama4Tokenizer(checkpoint.Tokenizer);
            cancel.ThrowIfCancellationRequested();

            devices = open(options);
            (Placement placement, string? note) = new PlacementChoice(checkpoint, options, devices).Make();
            Llama4Weights weights = checkpoint.LoadText(placement, progress, cancel);
            if (options.Repack) weights = new Repacking(placement, cancel).Apply(weights);
            VisionWeights? vision = checkpoint.LoadVision(placement, progress, cancel);
            var prompts = new PromptBuilder(checkpoint, tokenizer, vision is not null);

            var cache = new KvCache(placement, config, options.CacheEncoding);
            long[] weightBytes = checkpoint.PlanBytes(placement);
            EngineLimits limits = Limits(cache, config, weightBytes, devices, options);
            var runner = new ModelRunner(config, weights, checkpoint.Config.Vision, vision, cache, limits);
            var engine = new Engine(runner, tokenizer, EndTokens(checkpoint, tokenizer), limits);
            DeviceUse[] uses = [.. placement.Devices.Select((device, i) => new DeviceUse(device.Name, weightBytes[i]))];
            return new Llama(checkpoint, devices, uses, note, tokenizer, engine, prompts, limits, options);
        }
        catch
        {
            // Whatever was allocated half way goes with the devices.
            checkpoint.Dispose();
            devices?.Dispose();
            throw;
        }
    }

    static EngineLimits Limits(KvCache cache, TextConfig config, long[] weightBytes, DeviceSet devices, LlamaOptions options)
    {
        long[] parts = [.. cache.Parts.Select(part => part.Device == devices.Accelerator
            ? MemoryBudget.AcceleratorCacheBytes(part.Device, config, options)
            : options.CacheBytes ?? MemoryBudget.HostCacheBytes(part.Device, weightBytes[part.Index]))];
        int context = MemoryBudget.Context(cache, parts, options.CacheBytes ?? long.MaxValue, options.ContextSize ?? config.MaxContext);
        long bytes = Math.Min(options.CacheBytes ?? long.MaxValue, MemoryBudget.CacheBytes(cache, parts, Math.Max(context, 1)));
        int least = options.ContextSize ?? 2;
        if (context < least)
            throw new InvalidRequestException(
                $"context_size: keys and values of {least} tokens take {cache.BytesFor(least)} bytes, {bytes} are set aside: "
                + $"choose at most {context} tokens, more cache_bytes or a smaller cache encoding than {cache.Encoding}")
            { Field = "context_size" };
        return new EngineLimits(context, options.MaxParallel, options.PrefillChunk, bytes);
    }

    /// <summary>What the checkpoint names, and the end tokens that every chat model of the family uses (specification, section 7).</summary>
    static HashSet<int> EndTokens(Checkpoint checkpoint, Llama4Tokenizer tokenizer)
    {
        HashSet<int> tokens = [.. checkpoint.Generation.EndTokens, tokenizer.EndOfText, tokenizer.EndOfTurn, tokenizer.EndOfMessage];
        tokens.Remove(-1);
        return tokens;
    }
}
