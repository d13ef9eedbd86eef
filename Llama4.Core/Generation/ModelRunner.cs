using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>A loaded model with its cache and the tensors of a step. Owns them, but not the devices; used by one thread at a time.</summary>
internal sealed class ModelRunner : IDisposable
{
    readonly Device firstDevice, visionDevice;
    readonly Llama4Model model;
    readonly Llama4Vision? vision;
    readonly float[] logits;
    readonly DrawRule?[] rules;
    readonly DrawRule[] uploaded;
    readonly int[] drawn;
    readonly Tensor rulesOnDevice, drawnOnDevice;

    /// <param name="cache">Its placement is that of the weights too.</param>
    public ModelRunner(TextConfig config, Llama4Weights weights, VisionConfig? visionConfig, VisionWeights? visionWeights,
        KvCache cache, EngineLimits limits)
    {
        Placement placement = cache.Placement;
        firstDevice = placement.Devices[placement.Layer(0)];
        visionDevice = placement.Devices[placement.Vision];
        Cache = cache;
        Vocabulary = config.Vocabulary;
        PatchToken = config.PatchToken;
        int rows = limits.Sequences + limits.PromptRows;
        Batch = new StepBatch(cache, rows, limits.Sequences, limits.Sequences);
        model = new Llama4Model(config, weights, cache, rows, limits.Sequences);
        if (visionWeights is not null) vision = new Llama4Vision(visionDevice, visionConfig!, visionWeights);
        logits = new float[limits.Sequences * config.Vocabulary];
        rules = new DrawRule?[limits.Sequences];
        uploaded = new DrawRule[limits.Sequences];
        drawn = new int[limits.Sequences];
        rulesOnDevice = model.LogitsDevice.Allocate(limits.Sequences, DrawRule.Words, Encoding.I32);
        drawnOnDevice = model.LogitsDevice.Allocate(1, limits.Sequences, Encoding.I32);
    }

    public KvCache Cache { get; }

    public StepBatch Batch { get; }

    public int Vocabulary { get; }

    public int PatchToken { get; }

    /// <summary>
    /// Computes the batch and, for each row of logits, either draws the token, which is then <see cref="Drawn"/>, or reads them: <see cref="Logits"/>.
    /// </summary>
    /// <param name="answering">The sequences of the rows of logits.</param>
    public void Step(IReadOnlyList<Sequence> answering)
    {
        Tensor result = model.Forward(Batch);
        int rows = Batch.LogitRowCount;
        if (rows == 0) return;
        bool draws = false;
        for (int row = 0; row < rows; row++)
        {
            rules[row] = model.LogitsDevice.DrawsFast ? answering[row].Rule : null;
            draws |= rules[row] is not null;
        }
        if (draws) Draw(result);
        for (int row = 0; row < rows; row++)
            if (rules[row] is null) model.LogitsDevice.Download(result.RowRange(row, 1), Logits(row));
    }

    /// <summary>The token of a row, negative where a logit is not finite; null where none was drawn.</summary>
    public int? Drawn(int row) => rules[row] is null ? null : drawn[row];

    public Span<float> Logits(int row) => logits.AsSpan(row * Vocabulary, Vocabulary);

    /// <summary>Encodes the next tiles of a sequence's images.</summary>
    public void EncodeImages(Sequence sequence)
    {
        Prompt prompt = sequence.Request.Prompt;
        sequence.Features ??= firstDevice.Allocate(prompt.Patches, vision!.Width, Encoding.F32);
        int firstTile = 0, firstPatch = 0;
        foreach (PromptImage image in prompt.Images)
        {
            int tiles = image.Tiles.Layout.Tiles;
            if (sequence.EncodedTiles < firstTile + tiles)
            {
                Tensor features = sequence.Features.Value.RowRange(firstPatch, image.Patches);
                sequence.EncodedTiles += Encode(image, sequence.EncodedTiles - firstTile, features);
                return;
            }
            firstTile += tiles;
            firstPatch += image.Patches;
        }
    }

    /// <param name="features">Of the whole image, where the decoder begins.</param>
    /// <returns>The number of tiles encoded.</returns>
    int Encode(PromptImage image, int firstTile, Tensor features)
    {
        if (visionDevice == firstDevice) return vision!.EncodeNext(image.Tiles, firstTile, features);
        Tensor encoded = visionDevice.Allocate(features.Rows, features.Columns, features.Encoding);
        try
        {
            int tiles = vision!.EncodeNext(image.Tiles, firstTile, encoded), rows = vision.Config.TokensPerTile;
            visionDevice.CopyTo(encoded.RowRange(firstTile * rows, tiles * rows), firstDevice, features.RowRange(firstTile * rows, tiles * rows));
            return tiles;
        }
        finally
        {
            encoded.Buffer.Dispose();
        }
    }

    /// <summary>Draws for all rows; what comes of those without a rule is not used.</summary>
    void Draw(Tensor result)
    {
        int rows = result.Rows;
        for (int row = 0; row < rows; row++) uploaded[row] = rules[row] ?? default;
        Device device = model.LogitsDevice;
        device.Upload<DrawRule>(uploaded.AsSpan(0, rows), rulesOnDevice.RowRange(0, rows));
        device.Draw(result, rulesOnDevice.RowRange(0, rows), drawnOnDevice.ColumnRange(0, rows));
        device.Download(drawnOnDevice.ColumnRange(0, rows), drawn.AsSpan(0, rows));
    }

    public void Dispose()
    {
        rulesOnDevice.Buffer.Dispose();
        drawnOnDevice.Buffer.Dispose();
        vision?.Dispose();
        model.Dispose();
        Batch.Dispose();
        Cache.Dispose();
    }
}
