using System.Text.Json;
using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>vision_config of config.json, and what preprocessor_config.json adds about tiles.</summary>
internal static class HfVisionConfig
{
    public static VisionConfig Read(JsonFields c)
    {
        HfConfig.Require(c, "hidden_act", "gelu");
        if (c.Flag("multi_modal_projector_bias", false))
            throw new ModelFormatException(c.File, c.Place("multi_modal_projector_bias"),
                "is true: a projector with bias is not supported");
        c.Int("num_channels", 3, 3, 3);
        float ratio = c.Float("pixel_shuffle_ratio", 1e-3, 1, 0.5);
        int shuffle = (int)Math.Round(1 / ratio);
        if (Math.Abs(shuffle * ratio - 1) > 1e-4)
            throw new ModelFormatException(c.File, c.Place("pixel_shuffle_ratio"), $"is {ratio}, expected 1 divided by a whole number");
        return new VisionConfig
        {
            Width = c.Int("hidden_size", 1, Limits.Width, 768),
            Layers = c.Int("num_hidden_layers", 1, Limits.Layers, 34),
            Heads = c.Int("num_attention_heads", 1, Limits.Heads, 16),
            FeedForwardWidth = c.Int("intermediate_size", 1, Limits.FeedForwardWidth, 5632),
            TileSize = c.Int("image_size", 1, Limits.TileSize, 448),
            PatchSize = c.Int("patch_size", 1, Limits.TileSize, 14),
            Shuffle = shuffle,
            NormEps = c.Float("norm_eps", 1e-12, 1, 1e-5),
            RopeTheta = HfRope.Read(c, missingTheta: 10_000).Theta,
        };
    }

    /// <summary>Adds the settings of the image processor, from preprocessor_config.json or the newer processor_config.json.</summary>
    public static VisionConfig WithProcessor(VisionConfig vision, string folder)
    {
        string path = Path.Combine(folder, "preprocessor_config.json");
        bool own = File.Exists(path);
        if (!own) path = Path.Combine(folder, "processor_config.json");
        if (!File.Exists(path)) return vision;
        using JsonDocument document = JsonFields.Parse(path, Limits.ConfigBytes);
        var root = new JsonFields(path, "$", document.RootElement);
        if ((own ? root : root.Object("image_processor")) is not { } c) return vision;
        if (c.Object("size") is { } size)
            foreach (string side in (ReadOnlySpan<string>)["height", "width"])
                if (size.Int(side, 1, Limits.TileSize, vision.TileSize) != vision.TileSize)
                    throw new ModelFormatException(path, size.Place(side),
                        $"is {size.Int(side, 1, Limits.TileSize)}, but image_size of config.json is {vision.TileSize}");
        foreach (string name in (ReadOnlySpan<string>)["image_mean", "image_std"])
            if (c.Find(name) is { } list && (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(v => !IsHalf(v))))
                throw c.Wrong(name, list, "[0.5, 0.5, 0.5]");
        return vision with
        {
            MaxTiles = c.Int("max_patches", 1, Limits.Tiles, vision.MaxTiles),
            ResizeToMaxCanvas = c.Flag("resize_to_max_canvas", false),
        };
    }

    static bool IsHalf(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0.5;
}
