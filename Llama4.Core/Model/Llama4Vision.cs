using Llama4.Core.Images;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>The vision part of Llama 4: tiles of an image in, vectors for the decoder out. Every rule of the architecture is on this page.</summary>
/// <remarks>
/// n tiles at a time, G patches along a tile's side, P pixels along a patch's side, R = G² + 1 rows of a tile (its patches and, last, the class
/// token), d width, N head width, F feed-forward width, S side of the square that pixel shuffle joins, M = (G / S)² vectors of a tile,
/// D width of the decoder. Reference: Hugging Face transformers, models/llama4/modeling_llama4.py, Llama4VisionModel.
/// </remarks>
public sealed class Llama4Vision : IDisposable
{
    readonly Device dev;
    readonly VisionWeights w;
    readonly VisionActivations a;

    /// <param name="tilesAtOnce">Tiles encoded together; an image of more is encoded in slices. Decides the memory, not the result.</param>
    public Llama4Vision(Device device, VisionConfig config, VisionWeights weights, int tilesAtOnce = 1)
    {
        dev = device;
        Config = config;
        w = weights;
        a = new VisionActivations(device, config, weights, tilesAtOnce);
    }

    public VisionConfig Config { get; }

    /// <summary>Width D of the vectors.</summary>
    public int Width => w.Projector.Outputs;

    /// <summary>Encodes an image into memory of its own.</summary>
    /// <returns>F32 [tiles·M,D], in the order of the prompt's patch tokens; the caller disposes its buffer.</returns>
    public Tensor Encode(ImageTiles image)
    {
        Tensor features = dev.Allocate(image.Layout.Tiles * Config.TokensPerTile, Width, Encoding.F32);
        Encode(image, features);
        return features;
    }

    /// <summary>Encodes an image. Allocates nothing.</summary>
    /// <param name="features">F32 [tiles·M,D], in the order of the prompt's patch tokens.</param>
    public void Encode(ImageTiles image, Tensor features)
    {
        for (int first = 0; first < image.Layout.Tiles;) first += EncodeNext(image, first, features);
    }

    /// <summary>Encodes as many tiles as are encoded together, from <paramref name="first"/> on. Allocates nothing.</summary>
    /// <param name="features">F32 [tiles·M,D], of the whole image.</param>
    /// <returns>The number of tiles encoded.</returns>
    public int EncodeNext(ImageTiles image, int first, Tensor features)
    {
        int tiles = image.Layout.Tiles, length = image.Patches.Length / tiles;
        a.Tiles = Math.Min(a.MaxTiles, tiles - first);
        dev.Upload(image.Patches.AsSpan(first * length, a.Tiles * length), a.Patches);          // [n·G²,3·P²]
        EncodeTiles(features.RowRange(first * Config.TokensPerTile, a.Tiles * Config.TokensPerTile));
        return a.Tiles;
    }

    /// <summary>What the projector was given last, F32 [n·M,·].</summary>
    internal Tensor Adapted => a.AdapterOut;

    void EncodeTiles(Tensor features)
    {
        Embed();
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            Attention(w.Layers[layer]);
            FeedForward(w.Layers[layer]);
        }
        Norm(a.X, w.PostNorm, a.X);                                                             // [n·R,d]
        Adapt();
        dev.MatMul(a.AdapterOut, new Projection(w.Projector, features));                        // [n·M,D]
    }

    void Embed()
    {
        dev.MatMul(a.Patches, new Projection(w.PatchEmbedding, a.Embedded));                    // [n·G²,d]
        dev.ScatterRows(a.Embedded, a.PatchRows, a.X);                                          // [n·R,d]
        dev.ScatterRows(a.ClassTokens, a.ClassRows, a.X);                                       // [n·R,d]
        dev.AddRows(w.PositionEmbedding, a.X);                                                  // [n·R,d]
        Norm(a.X, w.PreNorm, a.X);                                                              // [n·R,d]
    }

    void Attention(VisionLayerWeights l)
    {
        Norm(a.X, l.AttentionNorm, a.Normed);                                                   // [n·R,d]
        dev.MatMul(a.Normed,
            new(l.Query.Weight, a.Q, Bias: l.Query.Bias),
            new(l.Key.Weight, a.K, Bias: l.Key.Bias),
            new(l.Value.Weight, a.V, Bias: l.Value.Bias));                                      // [n·R,d] each
        dev.Rotate(a.Q, a.Rotary);                                                              // [n·R,d]
        dev.Rotate(a.K, a.Rotary);                                                              // [n·R,d]
        dev.GroupAttention(a.Q, a.K, a.V, a.RowsPerTile, Config.Heads, a.Normed);               // [n·R,d]  each tile on its own
        dev.MatMul(a.Normed, new Projection(l.AttentionOutput.Weight, a.X, Add: true, l.AttentionOutput.Bias));   // [n·R,d]  residual
    }

    void FeedForward(VisionLayerWeights l)
    {
        Norm(a.X, l.FeedForwardNorm, a.Normed);                                                 // [n·R,d]
        dev.MatMul(a.Normed, new Projection(l.Up.Weight, a.Up, Bias: l.Up.Bias));               // [n·R,F]
        dev.Gelu(a.Up);                                                                         // [n·R,F]
        dev.MatMul(a.Up, new Projection(l.Down.Weight, a.X, Add: true, l.Down.Bias));           // [n·R,d]  residual
    }

    /// <summary>Pixel shuffle joins the vectors of S × S neighbouring patches, without the class token; then two layers, each with GELU.</summary>
    void Adapt()
    {
        dev.GatherRows(a.X, a.ShuffledRows, a.Embedded);                                        // [n·G²,d]
        dev.MatMul(a.Shuffled, new Projection(w.AdapterIn, a.AdapterIn));                       // [n·M,·]
        dev.Gelu(a.AdapterIn);
        dev.MatMul(a.AdapterIn, new Projection(w.AdapterOut, a.AdapterOut));                    // [n·M,·]
        dev.Gelu(a.AdapterOut);
    }

    void Norm(Tensor x, NormWeights norm, Tensor y) => dev.LayerNorm(x, norm.Weight, norm.Bias, Config.NormEps, y);

    public void Dispose() => a.Dispose();
}
