using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>A loaded model with its device, cache and the tensors of a step. Owns them all; used by one thread at a time.</summary>
internal sealed class ModelRunner : IDisposable
{
    readonly Device device;
    readonly Llama4Model model;
    readonly Llama4Vision? vision;
    readonly float[] logits;

    public ModelRunner(Device device, TextConfig config, Llama4Weights weights, VisionConfig? visionConfig, VisionWeights? visionWeights,
        KvCache cache, EngineLimits limits)
    {
        this.device = device;
        Cache = cache;
        Vocabulary = config.Vocabulary;
        PatchToken = config.PatchToken;
        int rows = limits.Sequences + limits.PromptRows;
        Batch = new StepBatch(cache, rows, limits.Sequences, limits.Sequences);
        model = new Llama4Model(device, config, weights, cache, rows, limits.Sequences);
        if (visionWeights is not null) vision = new Llama4Vision(device, visionConfig!, visionWeights);
        logits = new float[limits.Sequences * config.Vocabulary];
    }

    public KvCache Cache { get; }

    public StepBatch Batch { get; }

    public int Vocabulary { get; }

    public int PatchToken { get; }

    /// <summary>Computes the batch. The logits of its r-th row of logits are then <see cref="Logits"/>(r).</summary>
    public void Step()
    {
        Tensor result = model.Forward(Batch);
        if (Batch.LogitRowCount > 0) device.Download(result, logits.AsSpan(0, Batch.LogitRowCount * Vocabulary));
    }

    public Span<float> Logits(int row) => logits.AsSpan(row * Vocabulary, Vocabulary);

    /// <summary>Encodes the next tiles of a sequence's images.</summary>
    public void EncodeImages(Sequence sequence)
    {
        Prompt prompt = sequence.Request.Prompt;
        sequence.Features ??= device.Allocate(prompt.Patches, vision!.Width, Encoding.F32);
        int firstTile = 0, firstPatch = 0;
        foreach (PromptImage image in prompt.Images)
        {
            int tiles = image.Tiles.Layout.Tiles;
            if (sequence.EncodedTiles < firstTile + tiles)
            {
                Tensor features = sequence.Features.Value.RowRange(firstPatch, image.Patches);
                sequence.EncodedTiles += vision!.EncodeNext(image.Tiles, sequence.EncodedTiles - firstTile, features);
                return;
            }
            firstTile += tiles;
            firstPatch += image.Patches;
        }
    }

    public void Dispose()
    {
        vision?.Dispose();
        model.Dispose();
        Batch.Dispose();
        Cache.Dispose();
    }
}
