using Llama4.Cli.Configuration;
using Llama4.Cli.Output;
using Llama4.Core;
using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Cli.Loading;

/// <summary>What a model will need of memory, before its weights are touched.</summary>
/// <param name="Weights">Bytes of the weights. They are mapped: the system can drop them and read them again.</param>
/// <param name="Cache">Bytes of keys and values of one conversation that fills the context; these must fit.</param>
internal sealed record MemoryEstimate(long Weights, long Cache)
{
    /// <param name="context">Tokens.</param>
    public static MemoryEstimate Of(Checkpoint checkpoint, int context, Encoding encoding) =>
        new(checkpoint.WeightBytes, CacheBytes(checkpoint.Config.Text, context, encoding));

    /// <summary>Layers with attention chunks keep one chunk, the others everything, in whole pages.</summary>
    public static long CacheBytes(TextConfig config, long context, Encoding encoding)
    {
        long bytes = 0;
        for (int layer = 0; layer < config.Layers; layer++)
        {
            bool isChunked = config.UsesRope[layer] && config.ChunkLength > 0;
            long kept = isChunked ? Math.Min(context, config.ChunkLength) : context;
            long pages = (kept + KvCache.PageRows - 1) / KvCache.PageRows;
            bytes = checked(bytes + pages * 2 * KvLayer.PartBytes(config.KvHeads, config.HeadDim, KvCache.PageRows, encoding));
        }
        return bytes;
    }

    /// <summary>Refuses what cannot fit. Returns a warning where the weights will have to be read again and again.</summary>
    /// <param name="available">Bytes that can be had.</param>
    /// <param name="context">The context the user asked for.</param>
    /// <exception cref="NotEnoughMemoryException">Keys and values do not fit.</exception>
    public string? Check(long available, int context)
    {
        if (Cache > available)
            throw new NotEnoughMemoryException(
                $"the model needs {Units.Bytes(Weights + Cache)}: {Units.Bytes(Weights)} for its weights and {Units.Bytes(Cache)} "
                + $"for keys and values of {context} tokens; {Units.Bytes(available)} are available. Try a smaller {SettingList.Context.Flag}, or {SettingList.Kv.Flag} q8_0.");
        return Weights + Cache <= available ? null
            : $"the model needs {Units.Bytes(Weights + Cache)}, {Units.Bytes(available)} are available: "
            + "its weights will be read from the disk again and again, which is slow; a smaller encoding of the model would fit better";
    }
}
