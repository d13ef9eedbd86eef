using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Bench;

/// <summary>
/// Writes a GGUF file with the true dimensions of Scout or Maverick and random weights, so that speed can be measured without the
/// real checkpoint: any number of layers, any format or llama.cpp's mixtures Q4_K_M and Q5_K_M.
/// </summary>
static class RandomModel
{
    public const int Width = 5120, Heads = 40, KvHeads = 8, HeadDim = 128, ExpertWidth = 8192, DenseWidth = 16384;

    public static void Write(string path, string shape, int layers, string format, int vocabulary)
    {
        (int experts, int moeStep) = Experts(shape);
        var mixture = new Mixture(format, layers);
        var tensors = new RandomTensors();

        tensors.Matrix("token_embd.weight", mixture.Plain, vocabulary, Width);
        for (int i = 0; i < layers; i++)
        {
            string p = $"blk.{i}.";
            tensors.Ones(p + "attn_norm.weight", Width);
            tensors.Matrix(p + "attn_q.weight", mixture.Plain, Heads * HeadDim, Width);
            tensors.Matrix(p + "attn_k.weight", mixture.Plain, KvHeads * HeadDim, Width);
            tensors.Matrix(p + "attn_v.weight", mixture.Finer(i), KvHeads * HeadDim, Width);
            tensors.Matrix(p + "attn_output.weight", mixture.Plain, Width, Heads * HeadDim);
            tensors.Ones(p + "ffn_norm.weight", Width);
            if ((i + 1) % moeStep == 0)
            {
                tensors.Matrix(p + "ffn_gate_inp.weight", Encoding.F32, experts, Width);
                tensors.Matrix(p + "ffn_gate_exps.weight", mixture.Plain, experts, ExpertWidth, Width);
                tensors.Matrix(p + "ffn_up_exps.weight", mixture.Plain, experts, ExpertWidth, Width);
                tensors.Matrix(p + "ffn_down_exps.weight", mixture.Finer(i), experts, Width, ExpertWidth);
                tensors.Matrix(p + "ffn_gate_shexp.weight", mixture.Plain, ExpertWidth, Width);
                tensors.Matrix(p + "ffn_up_shexp.weight", mixture.Plain, ExpertWidth, Width);
                tensors.Matrix(p + "ffn_down_shexp.weight", mixture.Finer(i), Width, ExpertWidth);
            }
            else
            {
                tensors.Matrix(p + "ffn_gate.weight", mixture.Plain, DenseWidth, Width);
                tensors.Matrix(p + "ffn_up.weight", mixture.Plain, DenseWidth, Width);
                tensors.Matrix(p + "ffn_down.weight", mixture.Finer(i), Width, DenseWidth);
            }
        }
        tensors.Ones("output_norm.weight", Width);
        tensors.Matrix("output.weight", mixture.Output, vocabulary, Width);
        var writer = new GgufWriter();
        AddKeys(writer, shape, layers, experts, moeStep, vocabulary);
        foreach (TensorToWrite tensor in tensors.All) writer.Add(tensor);
        writer.Save(path);
    }

    /// <summary>How many experts a layer has, and each how manyth layer has them.</summary>
    public static (int Count, int Step) Experts(string shape) => shape switch
    {
        "scout" => (16, 1),
        "maverick" => (128, 2),
        _ => throw new UsageException($"shape {shape}: expected scout or maverick"),
    };

    /// <summary>Those a chat needs, behind the 256 bytes of the smallest byte-level vocabulary.</summary>
    public static readonly string[] ControlTokens = ["<|begin_of_text|>", "<|end_of_text|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>"];

    static void AddKeys(GgufWriter writer, string shape, int layers, int experts, int moeStep, int vocabulary)
    {
        writer.Add("general.architecture", "llama4").Add("general.name", $"random {shape}, {layers} layers")
            .Add("llama4.block_count", (uint)layers).Add("llama4.context_length", 1_048_576u).Add("llama4.embedding_length", (uint)Width)
            .Add("llama4.feed_forward_length", (uint)DenseWidth).Add("llama4.expert_feed_forward_length", (uint)ExpertWidth)
            .Add("llama4.attention.head_count", (uint)Heads).Add("llama4.attention.head_count_kv", (uint)KvHeads)
            .Add("llama4.attention.key_length", (uint)HeadDim).Add("llama4.attention.value_length", (uint)HeadDim)
            .Add("llama4.attention.layer_norm_rms_epsilon", 1e-5f).Add("llama4.rope.freq_base", 500_000f)
            .Add("llama4.rope.dimension_count", (uint)HeadDim).Add("llama4.expert_count", (uint)experts)
            .Add("llama4.expert_used_count", 1u).Add("llama4.interleave_moe_layer_step", (uint)moeStep).Add("llama4.vocab_size", (uint)vocabulary);

        // Behind bytes and control tokens reserved ones up to the wanted size.
        var tokens = new string[vocabulary];
        var types = new int[vocabulary];
        for (int i = 0; i < vocabulary; i++)
        {
            tokens[i] = i < 256 ? ByteAlphabet.ToText([(byte)i]) : i - 256 < ControlTokens.Length ? ControlTokens[i - 256] : $"<|reserved_special_token_{i}|>";
            types[i] = i < 256 ? 1 : 3;
        }
        writer.Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", "llama4").Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.token_type", types).Add("tokenizer.ggml.merges", Array.Empty<string>())
            .Add("tokenizer.ggml.bos_token_id", 256u).Add("tokenizer.ggml.eos_token_id", 261u);
    }

    /// <summary>Which encoding each tensor gets. The mixtures give the more sensitive tensors Q6_K, as llama.cpp does.</summary>
    sealed class Mixture(string format, int layers)
    {
        readonly bool isMixed = IsMixed(format);

        public Encoding Plain { get; } = EncodingOf(format);

        public Encoding Output => Plain.BlockLength() == 256 || Plain is Encoding.Q4_0 or Encoding.Q4_1 or Encoding.Q5_0 or Encoding.Q5_1 ? Encoding.Q6_K : Plain;

        /// <summary>Values and down projections: finer in the first and last eighth of the layers and in every third between.</summary>
        public Encoding Finer(int layer) =>
            isMixed && (layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2) ? Encoding.Q6_K : Plain;

        static bool IsMixed(string format) => format.EndsWith("_M", StringComparison.Ordinal);

        static Encoding EncodingOf(string format) => !Enum.TryParse(IsMixed(format) ? format[..^2] : format, out Encoding encoding) ? throw new UsageException($"format {format}: not known")
            : encoding is Encoding.F8E4M3 or Encoding.I32 or Encoding.I64 ? throw new UsageException($"format {format}: not one of weights in GGUF")
            : encoding;
    }
}
