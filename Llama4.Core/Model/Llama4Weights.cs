using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>Weights of the text decoder on a device. Vectors are F32 [1, n]; matrices are as the file stores them.</summary>
/// <param name="Embedding">[V, D].</param>
/// <param name="FinalNorm">[1, D].</param>
/// <param name="Output">D → V; the embedding again where it is tied.</param>
public sealed record Llama4Weights(Tensor Embedding, IReadOnlyList<LayerWeights> Layers, Tensor FinalNorm, Weight Output);

/// <summary>One layer. Exactly one of <paramref name="Dense"/> and <paramref name="Moe"/> is present.</summary>
public sealed record LayerWeights(
    Tensor AttentionNorm, Weight Query, Weight Key, Weight Value, Weight AttentionOutput,
    Tensor FeedForwardNorm, DenseWeights? Dense, MoeWeights? Moe);

/// <summary>down(silu(gate x) · up x).</summary>
public sealed record DenseWeights(Weight Gate, Weight Up, Weight Down);

/// <summary>Router D → E, E routed experts and the shared one.</summary>
public sealed record MoeWeights(
    Weight Router, IReadOnlyList<Weight> Gate, IReadOnlyList<Weight> Up, IReadOnlyList<Weight> Down, DenseWeights Shared);

/// <summary>Weights of the vision encoder, adapter and projector. Vectors are F32 [1, n].</summary>
/// <param name="PatchEmbedding">3·P·P (channel, row, column) → d.</param>
/// <param name="ClassEmbedding">[1, d].</param>
/// <param name="PositionEmbedding">F32 [patches + 1, d], the class token last.</param>
/// <param name="AdapterIn">4d → p1, then GELU.</param>
/// <param name="AdapterOut">p1 → p2, then GELU again.</param>
/// <param name="Projector">p2 → D.</param>
public sealed record VisionWeights(
    Weight PatchEmbedding, Tensor ClassEmbedding, Tensor PositionEmbedding, NormWeights PreNorm,
    IReadOnlyList<VisionLayerWeights> Layers, NormWeights PostNorm, Weight AdapterIn, Weight AdapterOut, Weight Projector);

/// <summary>Layer norm: weight and bias, [1, d] each.</summary>
public sealed record NormWeights(Tensor Weight, Tensor Bias);

/// <summary>A linear layer with bias F32 [1, outputs].</summary>
public sealed record BiasedWeight(Weight Weight, Tensor Bias);

public sealed record VisionLayerWeights(
    NormWeights AttentionNorm, BiasedWeight Query, BiasedWeight Key, BiasedWeight Value, BiasedWeight AttentionOutput,
    NormWeights FeedForwardNorm, BiasedWeight Up, BiasedWeight Down);
