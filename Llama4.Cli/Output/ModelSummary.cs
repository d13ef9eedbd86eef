using System.Globalization;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Cli.Output;

/// <summary>A model in a few lines.</summary>
internal static class ModelSummary
{
    public static IEnumerable<(string Name, string Value)> Lines(Checkpoint checkpoint)
    {
        TextConfig text = checkpoint.Config.Text;
        int moe = text.IsMoe.Count(isMoe => isMoe), rope = text.UsesRope.Count(uses => uses);
        yield return ("parameters", Units.Count(Parameters(checkpoint)));
        yield return ("size", $"{Units.Bytes(checkpoint.WeightBytes)} in {checkpoint.Tensors.Count} tensors, {Encodings(checkpoint)}");
        yield return ("layers", $"{text.Layers}: {moe} with experts, {text.Layers - moe} dense; {rope} with rotary positions, {text.Layers - rope} without");
        if (moe > 0) yield return ("experts", $"{text.Experts}, {text.ExpertsPerToken} per token, width {text.ExpertWidth}");
        if (moe < text.Layers) yield return ("dense width", Number(text.DenseWidth));
        yield return ("width", $"{text.Width}, {text.Heads} heads of {text.HeadDim}, {text.KvHeads} for keys and values");
        yield return ("attention chunk", text.ChunkLength == 0 ? "none" : $"{Number(text.ChunkLength)} tokens");
        yield return ("context", $"{Number(text.MaxContext)} tokens");
        yield return ("vocabulary", $"{Number(text.Vocabulary)} tokens");
        yield return ("vision", checkpoint.Config.Vision is not VisionConfig v ? "none"
            : $"{v.Layers} layers of width {v.Width}, tiles of {v.TileSize} pixels, {v.TokensPerTile} tokens each, at most {v.MaxTiles}");
        yield return ("chat template", checkpoint.ChatTemplate is null ? "built in" : $"its own, {Number(checkpoint.ChatTemplate.Length)} characters");
    }

    /// <summary>Encodings of the weights, those with the most bytes first.</summary>
    public static string Encodings(Checkpoint checkpoint) => string.Join(", ", checkpoint.Tensors
        .GroupBy(tensor => tensor.Encoding)
        .OrderByDescending(group => group.Sum(tensor => tensor.Bytes))
        .Select(group => group.Key.ToString()));

    public static long Parameters(Checkpoint checkpoint) =>
        checkpoint.Tensors.Sum(tensor => tensor.Bytes / tensor.Encoding.BlockBytes() * tensor.Encoding.BlockLength());

    static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
