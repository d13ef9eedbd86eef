using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>Keys of a vision part (mmproj).</summary>
internal static class GgufVisionConfig
{
    const string P = "clip.vision.";

    public static VisionConfig Read(GgufMetadata m)
    {
        GgufConfig.RequireArchitecture(m, "clip");
        string key = m.Has("clip.projector_type") ? "clip.projector_type" : P + "projector_type";
        string? type = m.String(key);
        if (type != "llama4") throw new ModelFormatException(m.File, key, $"is {type ?? "missing"}, expected llama4");
        if (!m.Flag("clip.use_gelu", true) || m.Flag("clip.use_silu", false))
            throw new ModelFormatException(m.File, "clip.use_gelu", "the encoder has another activation than GELU, which is not supported");
        foreach (string name in (ReadOnlySpan<string>)["image_mean", "image_std"])
            if (m.Floats(P + name, 3) is { } list && list.Any(v => v != 0.5))
                throw new ModelFormatException(m.File, P + name, $"is {string.Join(", ", list)}, expected 0.5, 0.5, 0.5");
        return new VisionConfig
        {
            Width = m.Int(P + "embedding_length", 1, Limits.Width),
            Layers = m.Int(P + "block_count", 1, Limits.Layers),
            Heads = m.Int(P + "attention.head_count", 1, Limits.Heads),
            FeedForwardWidth = m.Int(P + "feed_forward_length", 1, Limits.FeedForwardWidth),
            TileSize = m.Int(P + "image_size", 1, Limits.TileSize),
            PatchSize = m.Int(P + "patch_size", 1, Limits.TileSize),
            Shuffle = m.Int(P + "projector.scale_factor", 1, 64, 2),
            NormEps = m.Float(P + "attention.layer_norm_epsilon", 1e-12, 1, 1e-5),
        };
    }

    /// <summary>Width of the vectors that the projector gives, which must be the decoder's.</summary>
    public static int ProjectionWidth(GgufMetadata m) => m.Int(P + "projection_dim", 1, Limits.Width);
}
