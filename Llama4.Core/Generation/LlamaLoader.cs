using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Core.Tokenization;
using Llama4.Kernels.Cpu;

namespace Llama4.Core.Generation;

/// <summary>Puts a <see cref="Llama"/> together.</summary>
internal static class LlamaLoader
{
    public static Llama Load(string path, LlamaOptions options, IProgress<LoadProgress>? progress, CancellationToken cancel)
    {
        // What has been made so far, to be freed if loading ends half way.
        var made = new Stack<IDisposable>();
        try
        {
            Checkpoint checkpoint = Own(Checkpoint.Open(path, options.VisionPath));
            TextConfig config = checkpoint.Config.Text;
            options.Validate(config.MaxContext);
            var tokenizer = new Llama4Tokenizer(checkpoint.Tokenizer);
            cancel.ThrowIfCancellationRequested();

            CpuDevice device = Own(new CpuDevice(new CpuOptions { Threads = options.Threads ?? Environment.ProcessorCount }));
            Llama4Weights weights = checkpoint.LoadText(device, progress, cancel);
            VisionWeights? vision = checkpoint.LoadVision(device, progress, cancel);
            var prompts = new PromptBuilder(checkpoint, tokenizer, vision is not null);

            KvCache cache = Own(new KvCache(device, config, options.CacheEncoding));
            EngineLimits limits = Limits(cache, config, checkpoint.WeightBytes, options);
            var runner = new ModelRunner(device, config, weights, checkpoint.Config.Vision, vision, cache, limits);
            var engine = new Engine(runner, tokenizer, EndTokens(checkpoint, tokenizer), limits);
            return new Llama(checkpoint, device, tokenizer, engine, prompts, limits, options);
        }
        catch
        {
            while (made.TryPop(out IDisposable? item)) item.Dispose();
            throw;
        }

        T Own<T>(T item) where T : IDisposable
        {
            made.Push(item);
            return item;
        }
    }

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
