using Llama4.Core.Model;
using Llama4.Core.Tokenization;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>A tensor as a file lists it.</summary>
/// <param name="Dimensions">Outermost first, as the numbers lie in memory.</param>
public sealed record TensorInfo(string Name, IReadOnlyList<long> Dimensions, Encoding Encoding, string File, long Offset, long Bytes);

/// <summary>How far loading is, in bytes of weights.</summary>
public readonly record struct LoadProgress(long BytesDone, long BytesTotal);

/// <summary>What a checkpoint says about generating: generation_config.json or GGUF keys. Absent values are the caller's choice.</summary>
public sealed record GenerationDefaults
{
    /// <summary>Ids that end an answer.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

    /// <summary>Whether text starts with the begin token.</summary>
    public bool AddBegin { get; init; } = true;

    public float? Temperature { get; init; }
    public float? TopP { get; init; }
    public int? TopK { get; init; }

    /// <summary>False: greedy unless the caller asks otherwise.</summary>
    public bool Sample { get; init; }
}

/// <summary>
/// A model on disk: GGUF (one file, split files, an mmproj file beside) or a folder with safetensors. Opening reads headers only.
/// </summary>
public abstract class Checkpoint : IDisposable
{
    /// <summary>Path as the user gave it.</summary>
    public required string Path { get; init; }

    public required Llama4Config Config { get; init; }

    public required TokenizerData Tokenizer { get; init; }

    /// <summary>The checkpoint's own Jinja template, or null.</summary>
    public required string? ChatTemplate { get; init; }

    public required GenerationDefaults Generation { get; init; }

    /// <summary>Every tensor of every file.</summary>
    public required IReadOnlyList<TensorInfo> Tensors { get; init; }

    /// <summary>Key–value metadata for people (inspect).</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; }

    /// <summary>What a user should know before trusting this model's answers.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Opens a model without reading its weights.</summary>
    /// <param name="path">
    /// A .gguf file, any part of a split one, a folder with safetensors and config.json, or a .safetensors file in one.
    /// </param>
    /// <param name="visionPath">
    /// The vision part of a GGUF model (mmproj); absent: the only *mmproj*.gguf in the same folder, if any.
    /// </param>
    /// <exception cref="ModelFormatException">The files are missing, broken, or of a kind that is not supported.</exception>
    public static Checkpoint Open(string path, string? visionPath = null) => CheckpointOpener.Open(path, visionPath);

    /// <summary>Bytes of all tensors.</summary>
    public long WeightBytes => Tensors.Sum(t => t.Bytes);

    /// <summary>The decoder's weights on their devices. Mapped files live until this checkpoint is disposed.</summary>
    public abstract Llama4Weights LoadText(Placement placement, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>The vision part's weights on its device; null without one.</summary>
    public abstract VisionWeights? LoadVision(Placement placement, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default);

    /// <summary>The decoder's weights on one device.</summary>
    public Llama4Weights LoadText(Device device, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default) =>
        LoadText(new Placement(device), progress, cancel);

    /// <summary>The vision part's weights on one device; null without one.</summary>
    public VisionWeights? LoadVision(Device device, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default) =>
        LoadVision(new Placement(device), progress, cancel);

    /// <summary>Bytes of weights that each device of a placement would hold.</summary>
    internal abstract long[] PlanBytes(Placement placement);

    /// <summary>
    /// Reads every number of every tensor and reports those that are not finite. Names, shapes and formats have been checked by opening.
    /// </summary>
    /// <param name="hashFiles">Also gives the SHA-256 of each file.</param>
    /// <exception cref="ModelFormatException">A file cannot be read any more.</exception>
    public VerifyReport Verify(bool hashFiles = false, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default) =>
        new CheckpointVerifier(this, hashFiles, progress, cancel).Run();

    public abstract void Dispose();
}
