using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Core.Tokenization;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Core.Generation;

/// <summary>Puts a <see cref="Llama"/> together.</summary>
internal static class LlamaLoader
{
    /// <param name="checkpoint">Belongs to the result from here on; disposed when loading fails.</param>
    /// <param name="open">Makes the device.</param>
    public static Llama Load(
        Checkpoint checkpoint, LlamaOptions options, Func<LlamaOptions, Device> open, IProgress<LoadProgress>? progress, CancellationToken cancel)
    {
        Device? device = null;
        try
        {
            TextConfig config = checkpoint.Config.Text;
            options.Validate(config.MaxContext);
            var tokenizer = new Llama4Tokenizer(checkpoint.Tokenizer);
            cancel.ThrowIfCancellationRequested();

            device = open(options);
            Llama4Weights weights = checkpoint.LoadText(device, progress, cancel);
            VisionWeights? vision = checkpoint.LoadVision(device, progress, cancel);
            var prompts = new PromptBuilder(checkpoint, tokenizer, vision is not null);

            var cache = new KvCache(device, config, options.CacheEncoding);
            EngineLimits limits = Limits(cache, config, checkpoint.WeightBytes, options);
            var runner = new ModelRunner(device, config, weights, checkpoint.Config.Vision, vision, cache, limits);
            var engine = new Engine(runner, tokenizer, EndTokens(checkpoint, tokenizer), limits);
            return new Llama(checkpoint, device, tokenizer, engine, prompts, limits, options);
        }
        catch
        {
            // Whatever was allocated half way goes with the device.
            checkpoint.Dispose();
            device?.Dispose();
            throw;
        }
    }

    /// <summary>The processor, with the threads that were asked for.</summary>
    public static Device OpenDevice(LlamaOptions options) =>
        new CpuDevice(new CpuOptions { Threads = options.Threads ?? Environment.ProcessorCount });

    static EngineLimits Limits(KvCache cache, TextConfig config, long weightBytes, LlamaOptions options)
    {
        long bytes = options.CacheBytes ?? MemoryBudget.CacheBytes(weightBytes);
        int context = MemoryBudget.Context(cache, bytes, options.ContextSize ?? config.MaxContext);
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
