using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>
/// Keys of a text model. What the format leaves to the architecture's rules (chunks, layers without positions, temperature, QK norm) is
/// read where a file has a key for it.
/// </summary>
internal static class GgufConfig
{
    const string P = "llama4.";

    /// <param name="tokens">Entries of the token list; null without one.</param>
    public static TextConfig ReadText(GgufMetadata m, int? tokens)
    {
        int layers = m.Int(P + "block_count", 1, Limits.Layers);
        int width = m.Int(P + "embedding_length", 1, Limits.Width);
        int heads = m.Int(P + "attention.head_count", 1, Limits.Heads);
        int headDim = m.Int(P + "attention.key_length", 2, Limits.HeadDim, Math.Clamp(width / heads, 2, Limits.HeadDim));
        RequireEqual(m, "attention.value_length", headDim);
        RequireEqual(m, "rope.dimension_count", headDim);
        if (m.String(P + "rope.scaling.type") is { } scaling and not "none")
            throw new ModelFormatException(m.File, P + "rope.scaling.type",
                $"is {scaling}, expected none, or factors in rope_freqs.weight");

        int vocabulary = m.Int(P + "vocab_size", 1, Limits.Vocabulary, tokens);
        if (vocabulary > Limits.Vocabulary)
            throw new ModelFormatException(m.File, "tokenizer.ggml.tokens", $"has {vocabulary} entries, limit {Limits.Vocabulary}");
        if (tokens is { } count && count != vocabulary)
            throw new ModelFormatException(m.File, "tokenizer.ggml.tokens", $"has {count} entries, but {P}vocab_size is {vocabulary}");
        int experts = m.Int(P + "expert_count", 0, Limits.Experts, 0);
        bool[] isMoe = MoeLayers(m, layers, experts);
        bool anyMoe = isMoe.Contains(true), anyDense = isMoe.Contains(false);
        bool noChunks = m.Has(P + "attention.sliding_window") && m.Int(P + "attention.sliding_window", 0, Limits.Context) == 0;
        return new TextConfig
        {
            Vocabulary = vocabulary,
            Width = width,
            Layers = layers,
            Heads = heads,
            KvHeads = m.Int(P + "attention.head_count_kv", 1, heads, heads),
            HeadDim = headDim,
            DenseWidth = anyDense ? m.Int(P + "feed_forward_length", 1, Limits.FeedForwardWidth) : 0,
            ExpertWidth = anyMoe ? m.Int(P + "expert_feed_forward_length", 1, Limits.FeedForwardWidth) : 0,
            Experts = anyMoe ? experts : 0,
            ExpertsPerToken = anyMoe ? m.Int(P + "expert_used_count", 1, experts, 1) : 1,
            IsMoe = isMoe,
            UsesRope = RopeLayers(m, layers, noChunks),
            NormEps = m.Float(P + "attention.layer_norm_rms_epsilon", 1e-12, 1),
            RopeTheta = m.Float(P + "rope.freq_base", 1, 1e12, 500_000),
            UseQkNorm = experts != 128,
            ChunkLength = noChunks ? 0 : m.Int(P + "attention.chunk_size", 0, Limits.Context, 8192),
            TemperatureFloor = m.Int(P + "attention.temperature_length", 1, Limits.Context, 8192),
            TemperatureScale = m.Float(P + "attention.temperature_scale", 0, 1e3, 0.1),
            MaxContext = m.Int(P + "context_length", 1, Limits.Context),
        };
    }

    /// <summary>general.architecture, which must be the expected one.</summary>
    public static void RequireArchitecture(GgufMetadata m, string expected)
    {
        string found = m.String("general.architecture")
            ?? throw new ModelFormatException(m.File, "general.architecture", "this key is missing");
        if (found == expected) return;
        string advice = found == "clip" ? "; this is a vision part: open the text model, and name this file as its vision part" : "";
        throw new ModelFormatException(m.File, "general.architecture", $"is {found}, expected {expected}{advice}");
    }

    static bool[] MoeLayers(GgufMetadata m, int layers, int experts)
    {
        var isMoe = new bool[layers];
        int step = m.Int(P + "interleave_moe_layer_step", 0, Limits.Layers, 1);
        if (step > 0 && experts > 0)
            for (int i = step - 1; i < layers; i += step) isMoe[i] = true;
        return isMoe;
    }

    /// <summary>
    /// Every fourth layer has no positions; a file may say another period, or flags per layer. Without chunks all are rotary.
    /// </summary>
    static bool[] RopeLayers(GgufMetadata m, int layers, bool noChunks)
    {
        const string key = P + "attention.sliding_window_pattern";
        var usesRope = new bool[layers];
        if (m.IsArray(key))
        {
            int[] flags = m.Ints(key, 0, 1, Limits.Layers)!;
            if (flags.Length != layers)
                throw new ModelFormatException(m.File, key, $"has {flags.Length} entries, expected {layers}, one per layer");
            return Array.ConvertAll(flags, flag => flag != 0);
        }
        int period = m.Int(key, 1, Limits.Layers, 4);
        for (int i = 0; i < layers; i++) usesRope[i] = noChunks || (i + 1) % period != 0;
        return usesRope;
    }

    static void RequireEqual(GgufMetadata m, string key, int headDim)
    {
        int value = m.Int(P + key, 0, int.MaxValue, headDim);
        if (value != headDim) throw new ModelFormatException(m.File, P + key, $"is {value}, expected the key length {headDim}");
    }
}
