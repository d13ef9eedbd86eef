namespace Llama4.Core.Model;

/// <summary>Everything about a Llama 4 model that is not a weight: every size and every rule that differs between family members.</summary>
public sealed record Llama4Config
{
    public required TextConfig Text { get; init; }

    /// <summary>Absent in text-only checkpoints.</summary>
    public VisionConfig? Vision { get; init; }
}

/// <summary>The text decoder. Defaults are those of the published configuration class.</summary>
public sealed record TextConfig
{
    public required int Vocabulary { get; init; }
    public required int Width { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int KvHeads { get; init; }
    public required int HeadDim { get; init; }

    /// <summary>Width of a dense feed-forward layer; 0 when there is none.</summary>
    public int DenseWidth { get; init; }

    /// <summary>Width of a routed expert and of the shared expert; 0 when there is no expert layer.</summary>
    public int ExpertWidth { get; init; }

    public int Experts { get; init; }
    public int ExpertsPerToken { get; init; } = 1;

    /// <summary>Per layer: mixture of experts instead of a dense feed-forward.</summary>
    public required IReadOnlyList<bool> IsMoe { get; init; }

    /// <summary>Per layer: rotary positions, chunked attention and QK norm; else no positions, full attention and temperature tuning.</summary>
    public required IReadOnlyList<bool> UsesRope { get; init; }

    public float NormEps { get; init; } = 1e-5f;
    public float RopeTheta { get; init; } = 500_000;
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Divisors of the rotary frequencies, [HeadDim / 2], as some files store them instead of <see cref="RopeScaling"/>.</summary>
    public IReadOnlyList<float>? RopeFactors { get; init; }

    public bool UseQkNorm { get; init; } = true;

    /// <summary>Chunk length of the rotary layers' attention; 0: they see everything.</summary>
    public int ChunkLength { get; init; } = 8192;

    public bool TemperatureTuning { get; init; } = true;
    public float TemperatureFloor { get; init; } = 8192;
    public float TemperatureScale { get; init; } = 0.1f;

    /// <summary>Longest context the model was made for, in tokens.</summary>
    public required int MaxContext { get; init; }

    public bool TiedOutput { get; init; }

    /// <summary>Token id of an image patch; its embedding is replaced. -1 without vision.</summary>
    public int PatchToken { get; init; } = -1;
}

/// <summary>Frequency scaling of rope type "llama3".</summary>
public sealed record RopeScaling(float Factor, float LowFrequencyFactor, float HighFrequencyFactor, float OriginalContext);

/// <summary>The vision encoder, its adapter and the projector.</summary>
public sealed record VisionConfig
{
    public required int Width { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int FeedForwardWidth { get; init; }

    /// <summary>Side of a tile in pixels.</summary>
    public required int TileSize { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Side of the square of patches that pixel shuffle joins into one: 1 / pixel_shuffle_ratio.</summary>
    public int Shuffle { get; init; } = 2;

    public float NormEps { get; init; } = 1e-5f;
    public float RopeTheta { get; init; } = 10_000;

    /// <summary>Most tiles of an image, the global one not counted.</summary>
    public int MaxTiles { get; init; } = 16;

    public bool ResizeToMaxCanvas { get; init; }

    /// <summary>Patches along a tile's side.</summary>
    public int Grid => TileSize / PatchSize;

    /// <summary>Vectors a tile gives the decoder.</summary>
    public int TokensPerTile => Grid / Shuffle * (Grid / Shuffle);
}
