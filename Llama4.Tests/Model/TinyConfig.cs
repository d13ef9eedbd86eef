using Llama4.Core.Model;

namespace Llama4.Tests.Model;

/// <summary>The smallest decoder in which every rule matters: four layers, the last without positions.</summary>
static class TinyConfig
{
    public static TextConfig Text { get; } = new()
    {
        Vocabulary = 32,
        Width = 16,
        Layers = 4,
        Heads = 4,
        KvHeads = 2,
        HeadDim = 8,
        ExpertWidth = 24,
        Experts = 4,
        IsMoe = [true, true, true, true],
        UsesRope = [true, true, true, false],
        ChunkLength = 8,
        TemperatureFloor = 8,
        MaxContext = 1024,
    };
}
