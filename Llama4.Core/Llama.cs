using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Llama4.Core.Cache;
using Llama4.Core.Chat;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Core.Model;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Core;

/// <summary>
/// A Llama 4 model that answers. Safe for use from any number of threads at once: requests are computed together. Disposing ends answers
/// that are under way with <see cref="ObjectDisposedException"/>, and frees everything before it returns.
/// </summary>
public sealed class Llama : IDisposable, IAsyncDisposable
{
    readonly Device device;
    readonly Engine engine;
    readonly PromptBuilder prompts;
    readonly ulong? seed;

    Llama(Checkpoint checkpoint, Device device, Engine engine, PromptBuilder prompts, Llama4Tokenizer tokenizer, KvCache cache, EngineLimits limits, LlamaOptions options)
    {
        Checkpoint = checkpoint;
        this.device = device;
        this.engine = engine;
        this.prompts = prompts;
        Tokenizer = tokenizer;
        seed = options.Seed;
        ContextSize = limits.Context;
        CacheBytes = limits.CacheBytes;
    }

    /// <summary>The model that comes with the library: small, and made to be tried.</summary>
    public static string DemoModelPath => Path.Combine(AppContext.BaseDirectory, "demo-model");

    /// <summary>The files.</summary>
    public Checkpoint Checkpoint { get; }

    public Llama4Tokenizer Tokenizer { get; }

    /// <summary>Most tokens of a prompt with its answer.</summary>
    public int ContextSize { get; }

    /// <summary>Most memory that keys and values will take, in bytes.</summary>
    public long CacheBytes { get; }

    /// <summary>For people: what computes.</summary>
    public string DeviceName => device.Name;
}
