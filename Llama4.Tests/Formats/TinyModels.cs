using System.Text.Json.Nodes;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Tests.Formats;

/// <summary>
/// The smallest models that are complete: 2 layers, width 32, 2 experts, one token per byte and six control tokens. All weights are zero.
/// </summary>
static class TinyModels
{
    public const int Width = 32, Heads = 2, KvHeads = 1, HeadDim = 16, Hidden = 32, Layers = 2, Experts = 2, Vocabulary = 262;

    public static readonly string[] ControlTokens =
        ["<|begin_of_text|>", "<|end_of_text|>", "<|eom|>", "<|eot|>", "<|image|>", "<|patch|>"];

    /// <summary>Each byte in the byte-level alphabet, then the control tokens.</summary>
    public static string[] Tokens => [.. Enumerable.Range(0, 256).Select(b => ByteAlphabet.ToText([(byte)b])), .. ControlTokens];

    /// <param name="step">Expert layers are every step-th; 0: none.</param>
    public static RawGguf Gguf(int step = 1, Encoding encoding = Encoding.F32)
    {
        var file = new RawGguf();
        file.Set("general.architecture", "llama4");
        foreach ((string key, uint value) in new (string, uint)[]
        {
            ("block_count", Layers), ("context_length", 1024), ("embedding_length", Width), ("feed_forward_length", Hidden),
            ("expert_feed_forward_length", Hidden), ("attention.head_count", Heads), ("attention.head_count_kv", KvHeads),
            ("attention.key_length", HeadDim), ("attention.value_length", HeadDim), ("rope.dimension_count", HeadDim),
            ("expert_count", step == 0 ? 0u : Experts), ("expert_used_count", 1), ("interleave_moe_layer_step", (uint)step),
            ("vocab_size", Vocabulary),
        }) file.Set("llama4." + key, value);
        file.Set("llama4.attention.layer_norm_rms_epsilon", 1e-5f);
        file.Set("llama4.rope.freq_base", 500_000f);
        file.Set("tokenizer.ggml.model", "gpt2");
        file.Set("tokenizer.ggml.pre", "llama4");
        file.Set("tokenizer.ggml.tokens", Tokens);
        file.Set("tokenizer.ggml.token_type", [.. Enumerable.Repeat(1, 256), .. Enumerable.Repeat(3, ControlTokens.Length)]);
        file.Set("tokenizer.ggml.merges", System.Array.Empty<string>());
        file.Set("tokenizer.ggml.bos_token_id", 256u);
        file.Set("tokenizer.ggml.eos_token_id", 259u);
        Add(file, "token_embd.weight", encoding, Width, Vocabulary);
        Add(file, "output_norm.weight", Encoding.F32, Width);
        Add(file, "output.weight", encoding, Width, Vocabulary);
        for (int i = 0; i < Layers; i++) AddLayer(file, $"blk.{i}.", step > 0 && (i + 1) % step == 0, encoding);
        return file;
    }

    /// <summary>A tensor of zeros; dimensions innermost first.</summary>
    public static void Add(RawGguf file, string name, Encoding encoding, params ulong[] dimensions)
    {
        long rows = dimensions.Skip(1).Aggregate(1L, (a, b) => a * (long)b);
        file.Add(name, dimensions, GgmlType.FromEncoding(encoding), new byte[rows * encoding.RowBytes((long)dimensions[0])]);
    }

    static void AddLayer(RawGguf file, string p, bool isMoe, Encoding encoding)
    {
        Add(file, p + "attn_norm.weight", Encoding.F32, Width);
        Add(file, p + "attn_q.weight", encoding, Width, Heads * HeadDim);
        Add(file, p + "attn_k.weight", encoding, Width, KvHeads * HeadDim);
        Add(file, p + "attn_v.weight", encoding, Width, KvHeads * HeadDim);
        Add(file, p + "attn_output.weight", encoding, Heads * HeadDim, Width);
        Add(file, p + "ffn_norm.weight", Encoding.F32, Width);
        if (!isMoe)
        {
            foreach (string name in new[] { "gate", "up", "down" }) Add(file, $"{p}ffn_{name}.weight", encoding, Width, Hidden);
            return;
        }
        Add(file, p + "ffn_gate_inp.weight", Encoding.F32, Width, Experts);
        foreach (string name in new[] { "gate", "up", "down" })
        {
            Add(file, $"{p}ffn_{name}_exps.weight", encoding, Width, Hidden, Experts);
            Add(file, $"{p}ffn_{name}_shexp.weight", encoding, Width, Hidden);
        }
    }

    /// <summary>A vision part for <see cref="Gguf"/>: 1 layer, 28-pixel tiles.</summary>
    public static RawGguf Vision()
    {
        var file = new RawGguf();
        file.Set("general.architecture", "clip");
        file.Set("clip.projector_type", "llama4");
        file.Set("clip.use_gelu", true);
        foreach ((string key, uint value) in new (string, uint)[]
        {
            ("image_size", 28), ("patch_size", 14), ("embedding_length", 16), ("feed_forward_length", 24), ("block_count", 1),
            ("attention.head_count", 2), ("projection_dim", Width), ("projector.scale_factor", 2),
        }) file.Set("clip.vision." + key, value);
        file.Set("clip.vision.attention.layer_norm_epsilon", 1e-5f);
        Add(file, "v.patch_embd.weight", Encoding.F32, 588, 16);
        Add(file, "v.class_embd", Encoding.F32, 16);
        Add(file, "v.position_embd.weight", Encoding.F32, 16, 5);
        foreach (string name in new[] { "v.pre_ln", "v.post_ln", "v.blk.0.ln1", "v.blk.0.ln2" }) AddBiased(file, name, 16);
        foreach (string name in new[] { "attn_q", "attn_k", "attn_v", "attn_out" }) AddBiased(file, "v.blk.0." + name, 16, 16);
        AddBiased(file, "v.blk.0.ffn_up", 16, 24);
        AddBiased(file, "v.blk.0.ffn_down", 24, 16);
        Add(file, "mm.model.mlp.1.weight", Encoding.F32, 64, 8);
        Add(file, "mm.model.mlp.2.weight", Encoding.F32, 8, 8);
        Add(file, "mm.model.fc.weight", Encoding.F32, 8, Width);
        return file;
    }

    static void AddBiased(RawGguf file, string name, params ulong[] dimensions)
    {
        Add(file, name + ".weight", Encoding.F32, dimensions);
        Add(file, name + ".bias", Encoding.F32, dimensions[^1]);
    }

    /// <summary>config.json of a text-only folder.</summary>
    public static JsonObject Config(int step = 1) => new()
    {
        ["model_type"] = "llama4_text",
        ["vocab_size"] = Vocabulary,
        ["hidden_size"] = Width,
        ["intermediate_size"] = Hidden,
        ["intermediate_size_mlp"] = Hidden,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["num_key_value_heads"] = KvHeads,
        ["head_dim"] = HeadDim,
        ["num_local_experts"] = step == 0 ? 0 : Experts,
        ["interleave_moe_layer_step"] = step,
        ["max_position_embeddings"] = 1024,
        ["bos_token_id"] = 256,
        ["eos_token_id"] = 259,
    };

    /// <summary>tokenizer.json.</summary>
    public static JsonObject Tokenizer() => new()
    {
        ["added_tokens"] = new JsonArray([.. ControlTokens.Select((text, i) => new JsonObject { ["id"] = 256 + i, ["content"] = text })]),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = new JsonObject(Tokens.Take(256).Select((text, i) => KeyValuePair.Create(text, (JsonNode?)i))),
            ["merges"] = new JsonArray(),
        },
    };

    /// <summary>Tensors of a text-only folder, of zeros.</summary>
    public static List<TensorToWrite> Tensors(int step = 1, Encoding encoding = Encoding.BF16)
    {
        var tensors = new List<TensorToWrite>();
        void Add(string name, params long[] dimensions) => tensors.Add(Zero(name, encoding, dimensions));
        Add("model.embed_tokens.weight", Vocabulary, Width);
        Add("lm_head.weight", Vocabulary, Width);
        Add("model.norm.weight", Width);
        for (int i = 0; i < Layers; i++)
        {
            string p = $"model.layers.{i}.", f = p + "feed_forward.";
            Add(p + "input_layernorm.weight", Width);
            Add(p + "post_attention_layernorm.weight", Width);
            Add(p + "self_attn.q_proj.weight", Heads * HeadDim, Width);
            Add(p + "self_attn.k_proj.weight", KvHeads * HeadDim, Width);
            Add(p + "self_attn.v_proj.weight", KvHeads * HeadDim, Width);
            Add(p + "self_attn.o_proj.weight", Width, Heads * HeadDim);
            bool isMoe = step > 0 && (i + 1) % step == 0;
            foreach (string name in new[] { "gate", "up", "down" })
                Add($"{f}{(isMoe ? "shared_expert." : "")}{name}_proj.weight", Hidden, Width);
            if (!isMoe) continue;
            Add(f + "router.weight", Experts, Width);
            Add(f + "experts.gate_up_proj", Experts, Width, 2 * Hidden);
            Add(f + "experts.down_proj", Experts, Hidden, Width);
        }
        return tensors;
    }

    public static TensorToWrite Zero(string name, Encoding encoding, params long[] dimensions)
    {
        long bytes = new TensorToWrite(name, dimensions, encoding, []).Bytes;
        return new TensorToWrite(name, dimensions, encoding, new byte[bytes]);
    }

    /// <summary>A complete folder.</summary>
    public static void WriteFolder(TempFolder folder, JsonObject? config = null, List<TensorToWrite>? tensors = null,
        JsonObject? tokenizer = null)
    {
        folder.Write("config.json", (config ?? Config()).ToJsonString());
        folder.Write("tokenizer.json", (tokenizer ?? Tokenizer()).ToJsonString());
        SafetensorsWriter.Save(folder["model.safetensors"], tensors ?? Tensors());
    }
}
