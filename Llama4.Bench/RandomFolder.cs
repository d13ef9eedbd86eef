using System.Text.Json.Nodes;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Bench;

/// <summary>
/// The folder of safetensors that <see cref="RandomModel"/> is as a GGUF file, laid out as the published ones: in BF16 with the experts of a layer in
/// one input-major tensor, in F8E4M3 with a matrix and scales for each, and everything else in BF16.
/// </summary>
static class RandomFolder
{
    const int Width = RandomModel.Width, Heads = RandomModel.Heads, KvHeads = RandomModel.KvHeads, HeadDim = RandomModel.HeadDim;
    const int ExpertWidth = RandomModel.ExpertWidth, DenseWidth = RandomModel.DenseWidth;

    // Numbers of a standard deviation of 1 / √inputs use the middle of the range of E4M3.
    const float Scale = 0.001f;

    public static void Write(string path, string shape, int layers, string format, int vocabulary)
    {
        bool isFloat8 = format == nameof(Encoding.F8E4M3);
        if (!isFloat8 && format != nameof(Encoding.BF16)) throw new UsageException($"format {format}: a folder of safetensors is BF16 or F8E4M3; end the name in .gguf for others");
        (int experts, int step) = RandomModel.Experts(shape);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "config.json"), Config(layers, experts, step, vocabulary, isFloat8).ToJsonString());
        File.WriteAllText(Path.Combine(path, "tokenizer.json"), Tokenizer().ToJsonString());

        var tensors = new RandomTensors();
        tensors.Matrix("model.embed_tokens.weight", Encoding.BF16, vocabulary, Width);
        tensors.Matrix("lm_head.weight", Encoding.BF16, vocabulary, Width);
        tensors.Ones("model.norm.weight", Width);
        for (int i = 0; i < layers; i++) AddLayer(tensors, $"model.layers.{i}.", (i + 1) % step == 0 ? experts : 0, isFloat8);
        SafetensorsWriter.Save(Path.Combine(path, "model.safetensors"), tensors.All);
    }

    static void AddLayer(RandomTensors tensors, string p, int experts, bool isFloat8)
    {
        tensors.Ones(p + "input_layernorm.weight", Width);
        tensors.Ones(p + "post_attention_layernorm.weight", Width);
        tensors.Matrix(p + "self_attn.q_proj.weight", Encoding.BF16, Heads * HeadDim, Width);
        tensors.Matrix(p + "self_attn.k_proj.weight", Encoding.BF16, KvHeads * HeadDim, Width);
        tensors.Matrix(p + "self_attn.v_proj.weight", Encoding.BF16, KvHeads * HeadDim, Width);
        tensors.Matrix(p + "self_attn.o_proj.weight", Encoding.BF16, Width, Heads * HeadDim);
        string f = p + "feed_forward.";
        if (experts == 0)
        {
            AddMatrices(tensors, f, DenseWidth, isFloat8: false);
            return;
        }
        tensors.Matrix(f + "router.weight", Encoding.BF16, experts, Width);
        AddMatrices(tensors, f + "shared_expert.", ExpertWidth, isFloat8);
        if (isFloat8)
        {
            for (int e = 0; e < experts; e++) AddMatrices(tensors, $"{f}experts.{e}.", ExpertWidth, isFloat8);
            return;
        }
        tensors.Normal(f + "experts.gate_up_proj", Encoding.BF16, 1 / MathF.Sqrt(Width), experts, Width, 2 * ExpertWidth);
        tensors.Normal(f + "experts.down_proj", Encoding.BF16, 1 / MathF.Sqrt(ExpertWidth), experts, ExpertWidth, Width);
    }

    static void AddMatrices(RandomTensors tensors, string p, int width, bool isFloat8)
    {
        Add("gate_proj", width, Width);
        Add("up_proj", width, Width);
        Add("down_proj", Width, width);

        void Add(string name, int outputs, int inputs)
        {
            if (!isFloat8)
            {
                tensors.Matrix($"{p}{name}.weight", Encoding.BF16, outputs, inputs);
                return;
            }
            tensors.Normal($"{p}{name}.weight", Encoding.F8E4M3, 1 / (Scale * MathF.Sqrt(inputs)), outputs, inputs);
            tensors.Constant($"{p}{name}.weight_scale", Scale, outputs, 1);
        }
    }

    static JsonObject Config(int layers, int experts, int step, int vocabulary, bool isFloat8)
    {
        var config = new JsonObject
        {
            ["model_type"] = "llama4_text",
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = Width,
            ["intermediate_size"] = ExpertWidth,
            ["intermediate_size_mlp"] = DenseWidth,
            ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["head_dim"] = HeadDim,
            ["num_local_experts"] = experts,
            ["interleave_moe_layer_step"] = step,
            ["max_position_embeddings"] = 1_048_576,
            ["bos_token_id"] = 256,
            ["eos_token_id"] = 261,
        };
        if (isFloat8) config["quantization_config"] = new JsonObject { ["quant_method"] = "compressed-tensors", ["format"] = "float-quantized" };
        return config;
    }

    static JsonObject Tokenizer() => new()
    {
        ["added_tokens"] = new JsonArray([.. RandomModel.ControlTokens.Select((text, i) => new JsonObject { ["id"] = 256 + i, ["content"] = text })]),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = new JsonObject(Enumerable.Range(0, 256).Select(b => KeyValuePair.Create(ByteAlphabet.ToText([(byte)b]), (JsonNode?)b))),
            ["merges"] = new JsonArray(),
        },
    };
}
