using Llama4.Core.Cache;
using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>The Llama 4 decoder: token ids (and image features) in, logits out. Every rule of the architecture is on this page.</summary>
/// <remarks>
/// T rows (tokens) of the step, R rows whose logits are wanted, D width, H query heads, K key/value heads, N head width, F feed-forward
/// width, E experts, k experts per token, V vocabulary. Reference: Hugging Face transformers, models/llama4/modeling_llama4.py;
/// meta-llama/llama-models, models/llama4/model.py.
/// </remarks>
public sealed class Llama4Model : IDisposable
{
    readonly Llama4Weights w;
    readonly KvCache cache;
    readonly Placement placement;
    readonly ModelPart[] parts;
    readonly StepRecordings? recordings;
    // Where the residual stream is: each layer is computed on its own device.
    ModelPart here;

    /// <param name="cache">Its placement is that of the weights too.</param>
    /// <param name="maxRows">Most rows of a step.</param>
    /// <param name="maxLogitRows">Most rows of a step whose logits are wanted.</param>
    public Llama4Model(TextConfig config, Llama4Weights weights, KvCache cache, int maxRows, int maxLogitRows)
    {
        Config = config;
        w = weights;
        this.cache = cache;
        placement = cache.Placement;
        parts = [.. placement.Devices.Select((device, i) => new ModelPart(device, i, config, maxRows, maxLogitRows))];
        here = parts[0];
        // A recording is one device's: between two the host has a hand in every step.
        if (parts.Length == 1) recordings = new StepRecordings(dev, Compute);
    }

    public TextConfig Config { get; }

    /// <summary>Runs a step: writes its keys and values to the cache and returns the logits of the rows that asked for them.</summary>
    /// <returns>F32 [R,V], valid until the next step.</returns>
    public Tensor Forward(StepBatch batch)
    {
        batch.Upload();
        return recordings?.Run(batch) ?? Compute(batch);
    }

    /// <summary>The step on the device, of what was uploaded.</summary>
    Tensor Compute(StepBatch batch)
    {
        Begin(batch);
        for (int layer = 0; layer < Config.Layers; layer++) Layer(layer, batch);
        return Logits(batch);
    }

    /// <summary>The residual stream, F32 [T,D], valid until the next operation of a step.</summary>
    internal Tensor Hidden => a.X;

    /// <summary>Where <see cref="Hidden"/> is now.</summary>
    internal Device HiddenDevice => dev;

    /// <summary>Where the logits are.</summary>
    internal Device LogitsDevice => parts[placement.Layer(Config.Layers - 1)].Device;

    Device dev => here.Device;

    Activations a => here.Activations;

    internal void Begin(StepBatch batch)
    {
        foreach (ModelPart part in parts)
        {
            part.Activations.Rows = batch.RowCount;
            part.Activations.LogitRows = batch.LogitRowCount;
            part.Device.RotaryTable(batch.On(part.Index).Rows.Positions, part.Frequencies, part.Activations.Rotary);   // [T,N]
        }
        here = parts[placement.Layer(0)];
        dev.Embed(batch.On(here.Index).Tokens, w.Embedding, a.X);                           // [T,D]
        // Early fusion: image features take the place of the patch tokens' embeddings.
        foreach (ImageRows image in batch.Images) dev.ScatterRows(image.Features, image.Rows, a.X);
    }

    internal void Layer(int layer, StepBatch batch)
    {
        MoveTo(placement.Layer(layer));
        Attention(layer, batch.On(here.Index));
        FeedForward(layer);
    }

    /// <summary>Goes on where another device has the weights: takes the residual stream along.</summary>
    void MoveTo(int part)
    {
        if (part == here.Index) return;
        dev.CopyTo(a.X, parts[part].Device, parts[part].Activations.X);                     // [T,D]
        here = parts[part];
    }

    internal Tensor Logits(StepBatch batch)
    {
        if (batch.LogitRowCount == 0) return a.Logits;
        dev.GatherRows(a.X, batch.On(here.Index).LogitRows, a.Last);                                       // [R,D]
        dev.NormMatMul(a.Last, w.FinalNorm, Config.NormEps, a.Last, new Projection(w.Output, a.Logits));   // [R,D], [R,V]
        return a.Logits;
    }

    void Attention(int layer, StepInputs batch)
    {
        LayerWeights l = w.Layers[layer];
        dev.NormMatMul(a.X, l.AttentionNorm, Config.NormEps, a.Normed,                      // [T,D]
            new(l.Query, a.Q), new(l.Key, a.K), new(l.Value, a.V));                         // [T,H·N], [T,K·N], [T,K·N]
        KvPages pages = cache.IsChunked(layer) ? batch.ChunkedPages : batch.FullPages;
        dev.FinishQkv(a.Q, a.K, a.V, RuleOf(layer), batch.Rows, pages, cache.Layer(layer));
        dev.AttentionMatMul(a.Q, batch.Rows, pages, cache.Layer(layer), a.Heads,            // [T,H·N]
            new Projection(l.AttentionOutput, a.X, Add: true));                             // [T,D]  residual
    }

    /// <summary>
    /// iRoPE: layers with rotary positions see their chunk; every fourth layer has no positions and sees everything. QK norm, root mean square
    /// over one head without a weight, comes after the rotation; temperature tuning is for the layers without positions.
    /// </summary>
    HeadRule RuleOf(int layer)
    {
        if (Config.UsesRope[layer]) return new(Rotary: a.Rotary, NormEps: Config.UseQkNorm ? Config.NormEps : null);
        return Config.TemperatureTuning ? new(Scale: new(Config.TemperatureFloor, Config.TemperatureScale)) : default;
    }

    void FeedForward(int layer)
    {
        LayerWeights l = w.Layers[layer];
        dev.RmsNorm(a.X, l.FeedForwardNorm, Config.NormEps, a.Normed);                      // [T,D]
        if (l.Moe is { } moe) Experts(layer, moe);
        DenseWeights dense = l.Moe?.Shared ?? l.Dense!;
        (Tensor gate, Tensor up) = a.FeedForward(dense.Gate.Outputs);                       // [T,F]
        dev.SwiGlu(a.Normed, dense.Gate, dense.Up, dense.Down, gate, up, a.X);              // [T,D]  residual
    }

    /// <summary>A token visits the shared expert and its k routed experts; the score scales the expert's input, not its output.</summary>
    void Experts(int layer, MoeWeights moe)
    {
        Tensor normed = a.Normed;
        MoveTo(placement.Experts(layer));
        if (here.Index != placement.Layer(layer)) parts[placement.Layer(layer)].Device.CopyTo(normed, dev, a.Normed);   // [T,D]
        dev.RouteRows(a.Normed, moe.Router, a.RouterLogits, a.Route, a.Scaled);             // [T,E], [T,k], [T·k,D]
        dev.ExpertSwiGlu(a.Scaled, a.Route,
            new(moe.Gate, a.ExpertGate), new(moe.Up, a.ExpertUp), new(moe.Down, a.ExpertOut), a.X);   // [T,D]  residual
        MoveTo(placement.Layer(layer));
    }

    public void Dispose()
    {
        recordings?.Dispose();
        foreach (ModelPart part in parts) part.Dispose();
    }
}
