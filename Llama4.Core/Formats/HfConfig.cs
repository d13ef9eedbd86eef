using System.Text.Json;
using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>
/// config.json of the family: the nested form of the published checkpoints, the flat form of text-only exports, and the newer spelling
/// of some keys. A missing key has the default of the published configuration class, because saving drops keys that equal it.
/// </summary>
internal static class HfConfig
{
    /// <param name="root">The root of config.json.</param>
    public static Llama4Config Read(JsonFields root, List<string> warnings)
    {
        string? type = root.Text("model_type");
        JsonFields? nested = root.Object("text_config");
        bool known = type == "llama4_text" || type == "llama4" && nested is not null;
        if (!known)
            throw new ModelFormatException(root.File, "$.model_type",
                (type == "llama4" ? "is llama4 without text_config" : $"is {type ?? "missing"}")
                + ", expected llama4 with text_config, or llama4_text");
        TextConfig text = ReadText(nested ?? root, root);
        if (IsArtefact(text))
            warnings.Add("config.json: rope_scaling says factor 8, high_freq_factor 4 for a Scout-shaped model; published Scout weights "
                + "need 16 and 1. The file is obeyed: correct it if answers to long prompts are bad.");
        VisionConfig? vision = root.Object("vision_config") is { } v ? HfVisionConfig.Read(v) : null;
        if (vision is not null)
        {
            string key = root.Has("image_token_index") ? "image_token_index" : "image_token_id";
            text = text with { PatchToken = root.Int(key, 0, text.Vocabulary - 1, missing: text.Vocabulary > 200_092 ? 200_092 : null) };
        }
        var config = new Llama4Config { Text = text, Vision = vision };
        ConfigRules.Check(root.File, config);
        return config;
    }

    static TextConfig ReadText(JsonFields c, JsonFields root)
    {
        Require(c, "hidden_act", "silu");
        if (c.Flag("attention_bias", false))
            throw new ModelFormatException(c.File, c.Place("attention_bias"), "is true: attention with bias is not supported");
        int layers = c.Int("num_hidden_layers", 1, Limits.Layers, 48);
        int width = c.Int("hidden_size", 1, Limits.Width, 5120);
        int heads = c.Int("num_attention_heads", 1, Limits.Heads, 40);
        int experts = c.Int("num_local_experts", 0, Limits.Experts, 16);
        bool[] isMoe = MoeLayers(c, layers, experts);
        bool anyMoe = isMoe.Contains(true), anyDense = isMoe.Contains(false);
        bool[] usesRope = RopeLayers(c, layers);
        int chunk = c.Int("attention_chunk_size", 0, Limits.Context, c.Element.TryGetProperty("attention_chunk_size", out _) ? 0 : 8192);
        (float theta, RopeScaling? scaling) = HfRope.Read(c);
        return new TextConfig
        {
            Vocabulary = c.Int("vocab_size", 1, Limits.Vocabulary, 202_048),
            Width = width,
            Layers = layers,
            Heads = heads,
            KvHeads = c.Int("num_key_value_heads", 1, heads, Math.Min(heads, 8)),
            HeadDim = c.Int("head_dim", 2, Limits.HeadDim, Math.Clamp(width / heads, 2, Limits.HeadDim)),
            DenseWidth = anyDense ? c.Int("intermediate_size_mlp", 1, Limits.FeedForwardWidth, 16_384) : 0,
            ExpertWidth = anyMoe ? c.Int("intermediate_size", 1, Limits.FeedForwardWidth, 8192) : 0,
            Experts = anyMoe ? experts : 0,
            ExpertsPerToken = anyMoe ? c.Int("num_experts_per_tok", 1, experts, 1) : 1,
            IsMoe = isMoe,
            UsesRope = usesRope,
            NormEps = c.Float("rms_norm_eps", 1e-12, 1, 1e-5),
            RopeTheta = theta,
            RopeScaling = scaling,
            UseQkNorm = c.Flag("use_qk_norm", true),
            ChunkLength = IsChunked(c, usesRope) ? chunk : 0,
            TemperatureTuning = c.Flag("attn_temperature_tuning", true),
            TemperatureFloor = c.Float("floor_scale", 1, 1e12, 8192),
            TemperatureScale = c.Float("attn_scale", 0, 1e3, 0.1),
            MaxContext = c.Int("max_position_embeddings", 1, Limits.Context, 131_072),
            TiedOutput = c.Has("tie_word_embeddings") ? c.Flag("tie_word_embeddings", false) : root.Flag("tie_word_embeddings", false),
        };
    }

    /// <summary>An explicit list, even an empty one, is obeyed; else every step-th layer. No experts or step 0: none.</summary>
    static bool[] MoeLayers(JsonFields c, int layers, int experts)
    {
        var isMoe = new bool[layers];
        if (c.Ints("moe_layers", 0, layers - 1, layers) is { } list)
        {
            foreach (int layer in list) isMoe[layer] = true;
            if (list.Length > 0 && experts == 0)
                throw new ModelFormatException(c.File, c.Place("moe_layers"), $"names {list.Length} layers, but num_local_experts is 0");
            return isMoe;
        }
        int step = c.Int("interleave_moe_layer_step", 0, Limits.Layers, 1);
        if (step > 0 && experts > 0)
            for (int i = step - 1; i < layers; i += step) isMoe[i] = true;
        return isMoe;
    }

    /// <summary>Flags, 1 = rotary; an empty list is the same as none: every fourth layer has no positions.</summary>
    static bool[] RopeLayers(JsonFields c, int layers)
    {
        if (c.Ints("no_rope_layers", 0, 1, layers) is { Length: > 0 } list)
        {
            if (list.Length != layers)
                throw new ModelFormatException(c.File, c.Place("no_rope_layers"),
                    $"has {list.Length} entries, expected {layers}, one per layer");
            return Array.ConvertAll(list, flag => flag != 0);
        }
        int interval = c.Int("no_rope_layer_interval", 0, Limits.Layers, 4);
        var usesRope = new bool[layers];
        for (int i = 0; i < layers; i++) usesRope[i] = interval == 0 || (i + 1) % interval != 0;
        return usesRope;
    }

    /// <summary>What layer_types says, where a file has it: chunks on every rotary layer, or nowhere.</summary>
    static bool IsChunked(JsonFields c, bool[] usesRope)
    {
        if (c.Find("layer_types") is not { } list) return true;
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() != usesRope.Length)
            throw c.Wrong("layer_types", list, $"a list of {usesRope.Length} names, one per layer");
        int chunkedLayers = 0;
        for (int i = 0; i < usesRope.Length; i++)
        {
            string place = $"{c.Place("layer_types")}[{i}]";
            string type = list[i].ValueKind == JsonValueKind.String ? c.ToText(place, list[i]) : list[i].ValueKind.ToString();
            if (type is not ("chunked_attention" or "full_attention"))
                throw new ModelFormatException(c.File, place, $"is {type}, expected chunked_attention or full_attention");
            if (type == "full_attention") continue;
            if (!usesRope[i])
                throw new ModelFormatException(c.File, place, "is chunked_attention, but the layer has no rotary positions: not supported");
            chunkedLayers++;
        }
        if (chunkedLayers == 0) return false;
        int rotary = usesRope.Count(r => r);
        return chunkedLayers == rotary ? true
            : throw new ModelFormatException(c.File, c.Place("layer_types"),
                $"{chunkedLayers} of {rotary} rotary layers are chunked; supported are all or none");
    }

    static bool IsArtefact(TextConfig text) =>
        text is { Experts: 16, RopeScaling: { Factor: 8, HighFrequencyFactor: 4 } } && text.IsMoe.All(moe => moe);

    internal static void Require(JsonFields c, string name, string expected)
    {
        if (c.Text(name) is { } found && found != expected)
            throw new ModelFormatException(c.File, c.Place(name), $"is {found}, expected {expected}");
    }
}
