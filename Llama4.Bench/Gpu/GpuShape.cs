using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Bench.Gpu;

/// <summary>Sizes of what is measured.</summary>
sealed record GpuShape
{
    public required int Width { get; init; }
    public required int Heads { get; init; }
    public required int KvHeads { get; init; }
    public required int HeadDim { get; init; }
    public required int ExpertWidth { get; init; }
    public required int Experts { get; init; }
    public required int Vocabulary { get; init; }

    /// <summary>Formats of weights.</summary>
    public required Encoding[] Encodings { get; init; }

    /// <summary>Rows of a step that reads a prompt.</summary>
    public required int PromptRows { get; init; }

    /// <summary>Rows of a step that continues several answers.</summary>
    public required int Batch { get; init; }

    /// <summary>Positions before the row of a step that continues an answer.</summary>
    public required int[] Depths { get; init; }

    /// <summary>Bytes that are copied and read to learn the bandwidth; weights that are measured take turns over as much, more than caches hold.</summary>
    public required long SweepBytes { get; init; }

    /// <summary>Of the kernels that multiply in registers.</summary>
    public required int RateGroups { get; init; }
    public required int RateRounds { get; init; }

    /// <summary>Layers of the models, and of the largest if there is memory for it.</summary>
    public required int Layers { get; init; }
    public required int AllLayers { get; init; }

    /// <summary>Steps of an answer that are timed.</summary>
    public required int Steps { get; init; }

    public required double SecondsPerCase { get; init; }

    /// <summary>Llama 4 Scout.</summary>
    public static GpuShape Scout { get; } = new()
    {
        Width = 5120,
        Heads = 40,
        KvHeads = 8,
        HeadDim = 128,
        ExpertWidth = 8192,
        Experts = 16,
        Vocabulary = 202_048,
        Encodings =
        [
            Encoding.BF16, Encoding.F16, Encoding.F8E4M3, Encoding.Q8_0, Encoding.Q6_K, Encoding.Q5_K, Encoding.Q4_K, Encoding.Q4_0, Encoding.IQ4_XS, Encoding.MXFP4,
        ],
        PromptRows = 2048,
        Batch = 8,
        Depths = [512, 8000, 131_072],
        SweepBytes = 1L << 30,
        RateGroups = 132 * 16,
        RateRounds = 4096,
        Layers = 4,
        AllLayers = 48,
        Steps = 64,
        SecondsPerCase = 0.25,
    };

    /// <summary>Those of the formats that models and prompts are measured with too.</summary>
    public IEnumerable<Encoding> MainEncodings => ((Encoding[])[Encoding.BF16, Encoding.Q8_0, Encoding.Q4_K]).Where(Encodings.Contains);

    /// <summary>Small enough for a processor beside it, large enough for every kernel of the large one: heads of 128, K-quants.</summary>
    public static GpuShape Small { get; } = Scout with { Width = 512, Heads = 10, KvHeads = 2, ExpertWidth = 512, Experts = 2, Vocabulary = 1024 };

    /// <summary>The model with so many layers: three with rotary positions, then one without, as in Scout.</summary>
    public TextConfig Model(int layers, int expertsPerRow = 1) => new()
    {
        Vocabulary = Vocabulary,
        Width = Width,
        Layers = layers,
        Heads = Heads,
        KvHeads = KvHeads,
        HeadDim = HeadDim,
        ExpertWidth = ExpertWidth,
        Experts = Experts,
        ExpertsPerToken = expertsPerRow,
        IsMoe = [.. Enumerable.Repeat(true, layers)],
        UsesRope = [.. Enumerable.Range(0, layers).Select(layer => layer % 4 != 3)],
        MaxContext = 10_485_760,
    };
}
