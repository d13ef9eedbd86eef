using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>
/// Tensor names of llama4 in GGUF, with the older ones (one tensor per expert) and newer ones (gate and up, or query, key and value, in
/// one tensor). Dimensions outermost first: linear weights are [out, in], experts [expert, out, in].
/// </summary>
internal sealed class GgufLayout(TensorTable text, TensorTable? vision, Llama4Config config) : IModelLayout
{
    public Llama4Weights Text(IWeightTarget target)
    {
        TextConfig c = config.Text;
        WeightReader first = new(text, target, new WeightPlace(0)), last = first.For(new WeightPlace(c.Layers - 1));
        Tensor embedding = Matrix(first, "token_embd.weight", c.Width, c.Vocabulary);
        var layers = new LayerWeights[c.Layers];
        for (int i = 0; i < layers.Length; i++) layers[i] = Layer(first.For(new WeightPlace(i)), c, i);
        return new Llama4Weights(embedding, layers, last.Vector("output_norm.weight", c.Width),
            Linear(last, c.TiedOutput ? "token_embd" : "output", c.Width, c.Vocabulary));
    }

    static LayerWeights Layer(WeightReader read, TextConfig c, int index)
    {
        string p = $"blk.{index}.";
        (Weight query, Weight key, Weight value) = QueryKeyValue(read, p, c);
        return new LayerWeights(
            read.Vector(p + "attn_norm.weight", c.Width), query, key, value,
            Linear(read, p + "attn_output", c.Heads * c.HeadDim, c.Width),
            read.Vector(p + "ffn_norm.weight", c.Width),
            c.IsMoe[index] ? null : Dense(read, p, "", c.Width, c.DenseWidth),
            c.IsMoe[index] ? Moe(read, read.For(new WeightPlace(index, IsExpert: true)), p, c) : null);
    }

    static (Weight Query, Weight Key, Weight Value) QueryKeyValue(WeightReader read, string p, TextConfig c)
    {
        int queries = c.Heads * c.HeadDim, keys = c.KvHeads * c.HeadDim;
        if (!read.Tensors.Has(p + "attn_qkv.weight"))
        {
            return (Linear(read, p + "attn_q", c.Width, queries),
                Linear(read, p + "attn_k", c.Width, keys),
                Linear(read, p + "attn_v", c.Width, keys));
        }
        Tensor all = Matrix(read, p + "attn_qkv.weight", c.Width, queries + 2 * keys);
        return (new Weight(all.RowRange(0, queries)),
            new Weight(all.RowRange(queries, keys)),
            new Weight(all.RowRange(queries + keys, keys)));
    }

    static DenseWeights Dense(WeightReader read, string p, string suffix, int width, int hidden) => new(
        Linear(read, $"{p}ffn_gate{suffix}", width, hidden),
        Linear(read, $"{p}ffn_up{suffix}", width, hidden),
        Linear(read, $"{p}ffn_down{suffix}", hidden, width));

    static MoeWeights Moe(WeightReader read, WeightReader routed, string p, TextConfig c)
    {
        int width = c.Width, hidden = c.ExpertWidth;
        Weight router = Linear(routed, p + "ffn_gate_inp", width, c.Experts);
        Weight[] down = Experts(routed, p, "ffn_down", c.Experts, hidden, width);
        DenseWeights shared = Dense(read, p, "_shexp", width, hidden);
        if (!read.Tensors.Has(p + "ffn_gate_up_exps.weight"))
        {
            Weight[] gate = Experts(routed, p, "ffn_gate", c.Experts, width, hidden);
            return new MoeWeights(router, gate, Experts(routed, p, "ffn_up", c.Experts, width, hidden), down, shared);
        }
        Weight[] both = Experts(routed, p, "ffn_gate_up", c.Experts, width, 2 * hidden);
        return new MoeWeights(router,
            Array.ConvertAll(both, w => new Weight(w.Values.RowRange(0, hidden))),
            Array.ConvertAll(both, w => new Weight(w.Values.RowRange(hidden, hidden))), down, shared);
    }

    static Weight[] Experts(WeightReader read, string p, string name, int experts, int inputs, int outputs)
    {
        var weights = new Weight[experts];
        string together = $"{p}{name}_exps.weight";
        if (read.Tensors.Has(together) || !read.Tensors.Has($"{p}{name}.0.weight"))
        {
            Tensor all = read.Matrix(read.Tensors.Get(together, experts, outputs, inputs), (long)experts * outputs, inputs);
            for (int e = 0; e < experts; e++) weights[e] = new Weight(all.RowRange(e * outputs, outputs));
            return weights;
        }
        for (int e = 0; e < experts; e++)
        {
            weights[e] = Linear(read, $"{p}{name}.{e}", inputs, outputs);
            if (weights[e].Encoding != weights[0].Encoding)
                throw new ModelFormatException(read.Tensors.Source, $"{p}{name}.{e}.weight",
                    $"is {weights[e].Encoding}, but expert 0 of the layer is {weights[0].Encoding}: mixed experts are not supported");
        }
        return weights;
    }

    public VisionWeights? Vision(IWeightTarget target)
    {
        if (vision is null || config.Vision is not { } v) return null;
        var read = new WeightReader(vision, target, WeightPlace.Vision);
        int shuffled = v.Width * v.Shuffle * v.Shuffle, patchInputs = 3 * v.PatchSize * v.PatchSize;
        var layers = new VisionLayerWeights[v.Layers];
        for (int i = 0; i < layers.Length; i++) layers[i] = VisionLayer(read, $"v.blk.{i}.", v);
        TensorInfo patches = vision.Get("v.patch_embd.weight");
        if (patches.Dimensions.Count == 4) TensorTable.CheckShape(patches, v.Width, 3, v.PatchSize, v.PatchSize);
        else TensorTable.CheckShape(patches, v.Width, patchInputs);
        int rows = v.Grid * v.Grid + 1;
        Weight adapterIn = LinearFrom(read, "mm.model.mlp.1.weight", shuffled);
        Weight adapterOut = LinearFrom(read, "mm.model.mlp.2.weight", adapterIn.Outputs);
        return new VisionWeights(
            new Weight(read.Matrix(patches, v.Width, patchInputs)),
            read.Vector("v.class_embd", v.Width),
            read.Vector(vision.Get("v.position_embd.weight", rows, v.Width), rows, v.Width),
            read.Norm("v.pre_ln", v.Width), layers, read.Norm("v.post_ln", v.Width),
            adapterIn, adapterOut, Linear(read, "mm.model.fc", adapterOut.Outputs, config.Text.Width));
    }

    static VisionLayerWeights VisionLayer(WeightReader read, string p, VisionConfig v)
    {
        // Older files have the two names the wrong way round: then ffn_down is the one that widens.
        bool swapped = v.FeedForwardWidth != v.Width && read.Tensors.Has(p + "ffn_down.weight")
            && read.Tensors.Peek(p + "ffn_down.weight").Dimensions[0] == v.FeedForwardWidth;
        return new VisionLayerWeights(
            read.Norm(p + "ln1", v.Width),
            Biased(read, p + "attn_q", v.Width, v.Width), Biased(read, p + "attn_k", v.Width, v.Width),
            Biased(read, p + "attn_v", v.Width, v.Width), Biased(read, p + "attn_out", v.Width, v.Width),
            read.Norm(p + "ln2", v.Width),
            Biased(read, p + (swapped ? "ffn_down" : "ffn_up"), v.Width, v.FeedForwardWidth),
            Biased(read, p + (swapped ? "ffn_up" : "ffn_down"), v.FeedForwardWidth, v.Width));
    }

    static BiasedWeight Biased(WeightReader read, string name, int inputs, int outputs) =>
        new(Linear(read, name, inputs, outputs), read.Vector(name + ".bias", outputs));

    static Weight Linear(WeightReader read, string name, int inputs, int outputs) => new(Matrix(read, name + ".weight", inputs, outputs));

    static Tensor Matrix(WeightReader read, string name, int inputs, int outputs) =>
        read.Matrix(read.Tensors.Get(name, outputs, inputs), outputs, inputs);

    static Weight LinearFrom(WeightReader read, string name, int inputs)
    {
        TensorInfo tensor = read.Tensors.GetWithInputs(name, inputs);
        return new Weight(read.Matrix(tensor, tensor.Dimensions[0], inputs));
    }
}
