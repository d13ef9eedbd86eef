namespace Llama4.Core.Formats;

/// <summary>
/// Largest values accepted in model files. They stand well above every published member of the family; a file beyond one is refused
/// before anything of that size is allocated.
/// </summary>
internal static class Limits
{
    // Model shapes

    public const int Vocabulary = 1 << 20;
    public const int Width = 1 << 17;
    public const int FeedForwardWidth = 1 << 20;
    public const int Layers = 1024;
    public const int Heads = 1024;
    public const int HeadDim = 1024;
    public const int Experts = 4096;

    /// <summary>Experts of all layers together; Maverick has 3,072.</summary>
    public const int ExpertsOfAllLayers = 1 << 16;
    public const int Context = 1 << 30;

    /// <summary>Side of a tile in pixels.</summary>
    public const int TileSize = 4096;
    public const int Tiles = 256;

    // Files

    /// <summary>config.json, generation_config.json and their like, and the small parts of tokenizer.json.</summary>
    public const int ConfigBytes = 4 << 20;

    /// <summary>tokenizer.json; Llama 4's own has 28 MB.</summary>
    public const int TokenizerBytes = 96 << 20;

    /// <summary>model.safetensors.index.json; Maverick's has about 0.1 MB in bfloat16, 3 MB in FP8.</summary>
    public const int IndexBytes = 8 << 20;

    /// <summary>Files a sharded or split model consists of.</summary>
    public const int Shards = 10_000;

    /// <summary>Bytes of one token; Llama 4's longest has 128.</summary>
    public const int TokenBytes = 256;

    /// <summary>Fields of an object of tokenizer.json whose parts are read one by one.</summary>
    public const int JsonFields = 256;

    /// <summary>Tensors of a model; Maverick in FP8 has about 19,000.</summary>
    public const int Tensors = 1 << 17;

    public const int TemplateBytes = 1 << 20;

    /// <summary>The limit of the reference reader of safetensors.</summary>
    public const int SafetensorsHeaderBytes = 100_000_000;

    /// <summary>Dimensions of a tensor in a safetensors file; the family needs 3.</summary>
    public const int SafetensorsRank = 8;

    /// <summary>Metadata and tensor list of a GGUF file; Llama 4's own has about 15 MB.</summary>
    public const int GgufHeaderBytes = 512 << 20;

    /// <summary>Bytes of a string and elements of an array in GGUF, as in the reference reader.</summary>
    public const int GgufLength = 1 << 30;

    /// <summary>Keys of a GGUF file.</summary>
    public const int GgufKeys = 1 << 16;

    /// <summary>Bytes of a string in GGUF that is a setting.</summary>
    public const int GgufSettingBytes = 1 << 16;

    /// <summary>Bytes of a key in GGUF.</summary>
    public const int GgufKeyBytes = 65_535;

    /// <summary>Bytes of a tensor's name in GGUF, as in the reference reader.</summary>
    public const int GgufNameBytes = 63;

    /// <summary>Dimensions of a tensor in GGUF, as in the reference reader.</summary>
    public const int GgufRank = 4;

    /// <summary>Alignment of tensor data in GGUF: a power of two between 8 and this.</summary>
    public const int GgufAlignment = 1 << 20;

    // Generation defaults

    public const float Temperature = 100;
}
