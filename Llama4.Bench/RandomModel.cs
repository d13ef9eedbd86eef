using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Bench;

/// <summary>
/// Writes a GGUF file with the true dimensions of Scout or Maverick and random weights, so that speed can be measured without the
/// real checkpoint: any number of layers, any format or llama.cpp's mixtures Q4_K_M and Q5_K_M.
/// </summary>
static class RandomModel
{
    const int Width = 5120, Heads = 40, KvHeads = 8, HeadDim = 128, ExpertWidth = 8192, DenseWidth = 16384;

    public static void Write(string path, string shape, int layers, string format, int vocabulary)
    {
        (int experts, int moeStep) = shape switch
        {
            "scout" => (16, 1),
            "maverick" => (128, 2),
            _ => throw new ArgumentException($"shape {shape}: expected scout or maverick"),
        };
        var mixture = new Mixture(format, layers);
        var file = new RandomFile(new GgufWriter());
        AddKeys(file.Writer, shape, layers, experts, moeStep, vocabulary);

        file.Matrix("token_embd", mixture.Plain, vocabulary, Width);
        for (int i = 0; i < layers; i++)
        {
            string p = $"blk.{i}.";
            file.Ones(p + "attn_norm", Width);
            file.Matrix(p + "attn_q", mixture.Plain, Heads * HeadDim, Width);
            file.Matrix(p + "attn_k", mixture.Plain, KvHeads * HeadDim, Width);
            file.Matrix(p + "attn_v", mixture.Finer(i), KvHeads * HeadDim, Width);
            file.Matrix(p + "attn_output", mixture.Plain, Width, Heads * HeadDim);
            file.Ones(p + "ffn_norm", Width);
            if ((i + 1) % moeStep == 0)
            {
                file.Matrix(p + "ffn_gate_inp", Encoding.F32, experts, Width);
                file.Matrix(p + "ffn_gate_exps", mixture.Plain, experts, ExpertWidth, Width);
                file.Matrix(p + "ffn_up_exps", mixture.Plain, experts, ExpertWidth, Width);
                file.Matrix(p + "ffn_down_exps", mixture.Finer(i), experts, Width, ExpertWidth);
                file.Matrix(p + "ffn_gate_shexp", mixture.Plain, ExpertWidth, Width);
                file.Matrix(p + "ffn_up_shexp", mixture.Plain, ExpertWidth, Width);
                file.Matrix(p + "ffn_down_shexp", mixture.Finer(i), Width, ExpertWidth);
            }
            else
            {
                file.Matrix(p + "ffn_gate", mixture.Plain, DenseWidth, Width);
                file.Matrix(p + "ffn_up", mixture.Plain, DenseWidth, Width);
                file.Matrix(p + "ffn_down", mixture.Finer(i), Width, DenseWidth);
            }
        }
        file.Ones("output_norm", Width);
        file.Matrix("output", mixture.Output, vocabulary, Width);
        file.Writer.Save(path);
    }

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

        // The smallest byte-level vocabulary: 256 bytes, the control tokens a chat needs, and reserved ones up to the wanted size.
        string[] control = ["<|begin_of_text|>", "<|end_of_text|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>"];
        var tokens = new string[vocabulary];
        var types = new int[vocabulary];
        for (int i = 0; i < vocabulary; i++)
        {
            tokens[i] = i < 256 ? ByteAlphabet.ToText([(byte)i]) : i - 256 < control.Length ? control[i - 256] : $"<|reserved_special_token_{i}|>";
            types[i] = i < 256 ? 1 : 3;
        }
        writer.Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", "llama4").Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.token_type", types).Add("tokenizer.ggml.merges", Array.Empty<string>())
            .Add("tokenizer.ggml.bos_token_id", 256u).Add("tokenizer.ggml.eos_token_id", 261u);
    }

    /// <summary>Which encoding each tensor gets. The mixtures give the more sensitive tensors Q6_K, as llama.cpp does.</summary>
    sealed class Mixture(string format, int layers)
    {
        readonly bool isMixed = format.EndsWith("_M", StringComparison.Ordinal);

        public Encoding Plain { get; } = Enum.TryParse(format.EndsWith("_M", StringComparison.Ordinal) ? format[..^2] : format, out Encoding encoding)
            ? encoding : throw new ArgumentException($"format {format}: not known");

        public Encoding Output => Plain.BlockLength() == 256 || Plain is Encoding.Q4_0 or Encoding.Q4_1 or Encoding.Q5_0 or Encoding.Q5_1 ? Encoding.Q6_K : Plain;

        /// <summary>Values and down projections: finer in the first and last eighth of the layers and in every third between.</summary>
        public Encoding Finer(int layer) =>
            isMixed && (layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2) ? Encoding.Q6_K : Plain;
    }

    /// <summary>Collects tensors of random numbers for a writer.</summary>
    sealed class RandomFile(GgufWriter writer)
    {
        readonly Dictionary<(Encoding, int), RandomWeights> sources = [];
        readonly byte[] block = new byte[4 << 20];

        public GgufWriter Writer => writer;

        public void Ones(string name, int length)
        {
            var ones = new float[length];
            ones.AsSpan().Fill(1);
            writer.Add(new TensorToWrite(name + ".weight", [length], Encoding.F32, System.Runtime.InteropServices.MemoryMarshal.AsBytes(ones.AsSpan()).ToArray()));
        }

        /// <summary>Dimensions outermost first; the numbers keep the size of activations: standard deviation 1 / √inputs.</summary>
        public void Matrix(string name, Encoding encoding, params long[] dimensions)
        {
            int inputs = (int)dimensions[^1];
            if (!sources.TryGetValue((encoding, inputs), out RandomWeights? source))
                sources.Add((encoding, inputs), source = new RandomWeights(encoding, 1 / MathF.Sqrt(inputs), seed: sources.Count + 1));
            long bytes = dimensions[..^1].Aggregate(encoding.RowBytes(inputs), (size, dimension) => size * dimension);
            writer.Add(new TensorToWrite(name + ".weight", dimensions, encoding, stream =>
            {
                int wholeBlocks = block.Length / encoding.BlockBytes() * encoding.BlockBytes();
                for (long left = bytes; left > 0;)
                {
                    Span<byte> part = block.AsSpan(0, (int)Math.Min(wholeBlocks, left));
                    source.Fill(part);
                    stream.Write(part);
                    left -= part.Length;
                }
            }));
        }
    }
}
