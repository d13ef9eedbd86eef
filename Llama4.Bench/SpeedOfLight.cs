using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Bench;

/// <summary>How many bytes a decoded token must read: the bound that memory sets.</summary>
static class SpeedOfLight
{
    /// <summary>Weights of one decoded token: everything but the embedding table (one row) and the experts not chosen.</summary>
    public static long WeightBytesPerToken(TextConfig config, Llama4Weights weights)
    {
        long bytes = weights.Embedding.Encoding.RowBytes(weights.Embedding.Columns) + weights.FinalNorm.Bytes + weights.Output.Bytes;
        foreach (LayerWeights l in weights.Layers)
        {
            bytes += l.AttentionNorm.Bytes + l.FeedForwardNorm.Bytes
                + l.Query.Bytes + l.Key.Bytes + l.Value.Bytes + l.AttentionOutput.Bytes;
            if (l.Dense is { } dense) bytes += Bytes(dense);
            if (l.Moe is { } moe)
                bytes += moe.Router.Bytes + Bytes(moe.Shared)
                    + config.ExpertsPerToken * (moe.Gate[0].Bytes + moe.Up[0].Bytes + moe.Down[0].Bytes);
        }
        return bytes;
    }

    /// <summary>Multiplications and additions with weights for one token of a prompt: all layers, not the head. Attention itself is not counted.</summary>
    public static double OperationsPerToken(TextConfig config, Llama4Weights weights)
    {
        double products = 0;
        foreach (LayerWeights l in weights.Layers)
        {
            products += Count(l.Query) + Count(l.Key) + Count(l.Value) + Count(l.AttentionOutput);
            if (l.Dense is { } dense) products += Count(dense);
            if (l.Moe is { } moe)
                products += Count(moe.Router) + Count(moe.Shared) + config.ExpertsPerToken * (Count(moe.Gate[0]) + Count(moe.Up[0]) + Count(moe.Down[0]));
        }
        return 2 * products;
    }

    /// <summary>Cache bytes that a token at position <paramref name="depth"/> reads.</summary>
    public static long CacheBytesPerToken(TextConfig config, Encoding kv, int depth)
    {
        long perPosition = 2 * config.KvHeads * kv.RowBytes(config.HeadDim), bytes = 0;
        foreach (bool usesRope in config.UsesRope)
            bytes += perPosition * (usesRope && config.ChunkLength > 0 ? depth % config.ChunkLength + 1 : depth + 1);
        return bytes;
    }

    static double Count(Weight weight) => (double)weight.Inputs * weight.Outputs;

    static double Count(DenseWeights dense) => Count(dense.Gate) + Count(dense.Up) + Count(dense.Down);

    static long Bytes(DenseWeights dense) => dense.Gate.Bytes + dense.Up.Bytes + dense.Down.Bytes;
}
