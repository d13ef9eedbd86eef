using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>
/// Tensor names of the published safetensors checkpoints (specification 6.1), of text-only exports without the outer prefix, and of
/// FP8 checkpoints (6.2, 6.3). Linear weights are [out, in]; fused experts are [expert, in, out].
/// </summary>
internal sealed class HfLayout(TensorTable tensors, Llama4Config config) : IModelLayout
{
    // Outer prefix of the decoder, of its output matrix, and of the vision part: as published, as newer code saves, text only.
    static readonly (string Decoder, string Head, string Vision)[] prefixes =
    [
        ("language_model.model.", "language_model.", ""),
        ("model.language_model.", "", "model."),
        ("model.", "", ""),
    ];

    readonly (string Decoder, string Head, string Vision) prefix =
        prefixes.FirstOrDefault(p => tensors.Has(p.Decoder + "embed_tokens.weight"), prefixes[0]);

    /// <summary>Whether the files hold a vision encoder at all.</summary>
    public bool HasVision => tensors.HasAny(prefix.Vision + "vision_model.");

    /// <summary>
    /// Counts tensors as used that some exports hold and nothing needs: stored rotary frequencies, the copy of a tied output.
    /// </summary>
    public void SkipUnneeded()
    {
        if (config.Text.TiedOutput) tensors.Find(prefix.Head + "lm_head.weight");
        for (int i = 0; i < config.Text.Layers; i++) tensors.Find($"{prefix.Decoder}layers.{i}.self_attn.rotary_emb.inv_freq");
        tensors.Find(prefix.Decoder + "rotary_emb.inv_freq");
    }

    public Llama4Weights Text(IWeightTarget target)
    {
        TextConfig c = config.Text;
        HfWeightReader first = new(tensors, target, new WeightPlace(0)), last = first.For(new WeightPlace(c.Layers - 1));
        Weight embedding = first.Linear(prefix.Decoder + "embed_tokens", c.Width, c.Vocabulary);
        if (embedding.Scales is not null)
            throw new ModelFormatException(tensors.Source, prefix.Decoder + "embed_tokens.weight",
                "has scales, which an embedding cannot have");
        var layers = new LayerWeights[c.Layers];
        for (int i = 0; i < layers.Length; i++) layers[i] = Layer(first.For(new WeightPlace(i)), c, i);
        return new Llama4Weights(
            embedding.Values, layers, last.Vector(prefix.Decoder + "norm.weight", c.Width),
            last.Linear(c.TiedOutput ? prefix.Decoder + "embed_tokens" : prefix.Head + "lm_head", c.Width, c.Vocabulary));
    }

    LayerWeights Layer(HfWeightReader read, TextConfig c, int index)
    {
        string p = $"{prefix.Decoder}layers.{index}.";
        return new LayerWeights(
            read.Vector(p + "input_layernorm.weight", c.Width),
            read.Linear(p + "self_attn.q_proj", c.Width, c.Heads * c.HeadDim),
            read.Linear(p + "self_attn.k_proj", c.Width, c.KvHeads * c.HeadDim),
            read.Linear(p + "self_attn.v_proj", c.Width, c.KvHeads * c.HeadDim),
            read.Linear(p + "self_attn.o_proj", c.Heads * c.HeadDim, c.Width),
            read.Vector(p + "post_attention_layernorm.weight", c.Width),
            c.IsMoe[index] ? null : Dense(read, p + "feed_forward.", c.Width, c.DenseWidth),
            c.IsMoe[index] ? Moe(read, read.For(new WeightPlace(index, IsExpert: true)), p + "feed_forward.", c) : null);
    }

    static DenseWeights Dense(HfWeightReader read, string p, int width, int hidden) => new(
        read.Linear(p + "gate_proj", width, hidden),
        read.Linear(p + "up_proj", width, hidden),
        read.Linear(p + "down_proj", hidden, width));

    static MoeWeights Moe(HfWeightReader read, HfWeightReader routed, string p, TextConfig c)
    {
        Weight router = routed.Linear(p + "router", c.Width, c.Experts);
        DenseWeights shared = Dense(read, p + "shared_expert.", c.Width, c.ExpertWidth);
        if (read.Tensors.Has(p + "experts.gate_up_proj"))
        {
            Weight[] both = routed.FusedExperts(p + "experts.gate_up_proj", c.Experts, c.Width, 2 * c.ExpertWidth);
            return new MoeWeights(router,
                Array.ConvertAll(both, w => Outputs(w, 0, c.ExpertWidth)),
                Array.ConvertAll(both, w => Outputs(w, c.ExpertWidth, c.ExpertWidth)),
                routed.FusedExperts(p + "experts.down_proj", c.Experts, c.ExpertWidth, c.Width), shared);
        }
        return new MoeWeights(router,
            routed.SingleExperts(p + "experts.", "gate_proj", c.Experts, c.Width, c.ExpertWidth),
            routed.SingleExperts(p + "experts.", "up_proj", c.Experts, c.Width, c.ExpertWidth),
            routed.SingleExperts(p + "experts.", "down_proj", c.Experts, c.ExpertWidth, c.Width), shared);
    }

    /// <summary>Outputs [from, from + count) of an input-major weight.</summary>
    static Weight Outputs(Weight weight, int from, int count) =>
        weight with { Values = weight.Values.ColumnRange(from, count), Scales = weight.Scales?.ColumnRange(from, count) };

    public VisionWeights? Vision(IWeightTarget target)
    {
        if (config.Vision is not { } v) return null;
        var read = new HfWeightReader(tensors, target, WeightPlace.Vision);
        string p = prefix.Vision + "vision_model.";
        int shuffled = v.Width * v.Shuffle * v.Shuffle;
        var layers = new VisionLayerWeights[v.Layers];
        for (int i = 0; i < layers.Length; i++) layers[i] = VisionLayer(read, $"{p}model.layers.{i}.", v);
        Weight adapterIn = read.LinearFrom(p + "vision_adapter.mlp.fc1", shuffled);
        Weight adapterOut = read.LinearFrom(p + "vision_adapter.mlp.fc2", adapterIn.Outputs);
        return new VisionWeights(
            read.Linear(p + "patch_embedding.linear", 3 * v.PatchSize * v.PatchSize, v.Width),
            read.Vector(p + "class_embedding", v.Width),
            read.Table(p + "positional_embedding_vlm", v.Grid * v.Grid + 1, v.Width),
            read.Norm(p + "layernorm_pre", v.Width), layers, read.Norm(p + "layernorm_post", v.Width),
            adapterIn, adapterOut,
            read.Linear(prefix.Vision + "multi_modal_projector.linear_1", adapterOut.Outputs, config.Text.Width));
    }

    static VisionLayerWeights VisionLayer(HfWeightReader read, string p, VisionConfig v) => new(
        read.Norm(p + "input_layernorm", v.Width),
        read.Biased(p + "self_attn.q_proj", v.Width, v.Width),
        read.Biased(p + "self_attn.k_proj", v.Width, v.Width),
        read.Biased(p + "self_attn.v_proj", v.Width, v.Width),
        read.Biased(p + "self_attn.o_proj", v.Width, v.Width),
        read.Norm(p + "post_attention_layernorm", v.Width),
        read.Biased(p + "mlp.fc1", v.Width, v.FeedForwardWidth),
        read.Biased(p + "mlp.fc2", v.FeedForwardWidth, v.Width));
}
