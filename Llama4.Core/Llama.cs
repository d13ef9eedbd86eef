using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Llama4.Core.Chat;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Core.Tokenization;

namespace Llama4.Core;

/// <summary>
/// A Llama 4 model that answers. Safe for use from any number of threads at once: requests are computed together, and none changes
/// another's answer. Disposing ends answers that are under way with <see cref="ObjectDisposedException"/> and frees everything.
/// </summary>
/// <remarks>
/// All methods that answer throw, when the stream is read: <see cref="InvalidRequestException"/> for what cannot be done,
/// <see cref="OperationCanceledException"/> when cancelled, <see cref="NumericFaultException"/> when the model's weights are damaged.
/// </remarks>
public sealed class Llama : IDisposable, IAsyncDisposable
{
    readonly Engine engine;
    readonly PromptBuilder prompts;
    readonly LlamaOptions options;
    readonly EngineLimits limits;
    readonly DeviceSet devices;

    internal Llama(
        Checkpoint checkpoint, DeviceSet devices, IReadOnlyList<DeviceUse> uses, string? deviceNote, Llama4Tokenizer tokenizer, Engine engine, PromptBuilder prompts,
        EngineLimits limits, LlamaOptions options)
    {
        Checkpoint = checkpoint;
        Tokenizer = tokenizer;
        DeviceNote = deviceNote;
        this.devices = devices;
        Devices = uses;
        this.engine = engine;
        this.prompts = prompts;
        this.limits = limits;
        this.options = options;
    }

    /// <summary>The model that comes with the library: very small, made to be tried.</summary>
    public static string DemoModelPath => Path.Combine(AppContext.BaseDirectory, "demo-model");

    /// <summary>Loads a model, on threads of its own.</summary>
    /// <param name="path">A .gguf file, a folder with safetensors, or a file in one; null: <see cref="DemoModelPath"/>.</param>
    /// <exception cref="ModelFormatException">The files are missing, broken, or of a kind that is not supported.</exception>
    /// <exception cref="InvalidRequestException">An option is out of its range, or does not fit the model.</exception>
    /// <exception cref="Kernels.Gpu.DeviceUnavailableException">The options name a GPU that cannot be used.</exception>
    /// <exception cref="OutOfMemoryException">The model does not fit the GPU.</exception>
    public static Task<Llama> LoadAsync(
        string? path = null, LlamaOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default) =>
        Task.Run(() => Load(Checkpoint.Open(path ?? DemoModelPath, options?.VisionPath), options, progress, cancel), cancel);

    /// <summary>Loads a model whose files have been opened, on threads of its own.</summary>
    /// <param name="checkpoint">Belongs to the result and is disposed with it, or when loading fails.</param>
    /// <param name="options">The path of a vision part has no meaning here: the checkpoint was opened with it.</param>
    /// <exception cref="ModelFormatException">The files are broken, or of a kind that is not supported.</exception>
    /// <exception cref="InvalidRequestException">An option is out of its range, or does not fit the model.</exception>
    /// <exception cref="Kernels.Gpu.DeviceUnavailableException">The options name a GPU that cannot be used.</exception>
    /// <exception cref="OutOfMemoryException">The model does not fit the GPU.</exception>
    public static Task<Llama> LoadAsync(
        Checkpoint checkpoint, LlamaOptions? options = null, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        // Begins even when cancelled before, for the checkpoint has to be disposed then.
        return Task.Run(() => Load(checkpoint, options, progress, cancel), CancellationToken.None);
    }

    /// <summary>The model's files.</summary>
    public Checkpoint Checkpoint { get; }

    public Llama4Tokenizer Tokenizer { get; }

    /// <summary>Most tokens of a prompt with its answer.</summary>
    public int ContextSize => limits.Context;

    /// <summary>The most memory that keys and values will take, in bytes.</summary>
    public long CacheBytes => limits.CacheBytes;

    /// <summary>For people: what computes.</summary>
    public string DeviceName => string.Join(" and ", Devices.Select(device => device.Name));

    /// <summary>The devices that compute, the processor first where it is one of two.</summary>
    public IReadOnlyList<DeviceUse> Devices { get; }

    /// <summary>For people: why a device that was asked for does not compute, or not all; null when nothing is to be said.</summary>
    public string? DeviceNote { get; }

    /// <summary>Bytes taken from all devices, without mapped files.</summary>
    internal long AllocatedBytes => devices.Host.AllocatedBytes + (devices.Accelerator?.AllocatedBytes ?? 0);

    /// <summary>Answers a message.</summary>
    public IAsyncEnumerable<Piece> ChatAsync(string message, GenerationOptions? options = null, CancellationToken cancel = default) =>
        ChatAsync([ChatMessage.User(message)], options, cancel);

    /// <summary>Answers the last message of a conversation, token by token.</summary>
    public IAsyncEnumerable<Piece> ChatAsync(
        IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= new GenerationOptions();
        return AnswerAsync(() => prompts.Chat(messages, options), options, cancel);
    }

    /// <summary>Goes on with a text as it is, without the form of a chat.</summary>
    public IAsyncEnumerable<Piece> CompleteAsync(string prompt, GenerationOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return AnswerAsync(() => prompts.Text(prompt), options ?? new GenerationOptions(), cancel);
    }

    /// <summary>Goes on after these token ids, to which nothing is added.</summary>
    public IAsyncEnumerable<Piece> CompleteAsync(
        IReadOnlyList<int> promptIds, GenerationOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(promptIds);
        return AnswerAsync(() => prompts.Ids(promptIds), options ?? new GenerationOptions(), cancel);
    }

    /// <summary>The token ids that a conversation becomes, those of its images included.</summary>
    /// <exception cref="InvalidRequestException">The template refuses the messages, or an image cannot be placed.</exception>
    public IReadOnlyList<int> GetPromptIds(IReadOnlyList<ChatMessage> messages, GenerationOptions? options = null) =>
        prompts.Chat(messages, options ?? new GenerationOptions()).Ids;

    public void Dispose()
    {
        engine.Dispose();
        Free();
    }

    public async ValueTask DisposeAsync()
    {
        engine.Stop();
        await engine.Stopped.ConfigureAwait(false);
        Free();
    }

    static Llama Load(Checkpoint checkpoint, LlamaOptions? options, IProgress<LoadProgress>? progress, CancellationToken cancel) =>
        LlamaLoader.Load(checkpoint, options ?? new LlamaOptions(), DeviceSet.Open, progress, cancel);

    async IAsyncEnumerable<Piece> AnswerAsync(
        Func<Prompt> makePrompt, GenerationOptions generation, [EnumeratorCancellation] CancellationToken cancel)
    {
        // Long prompts and pictures take a while to prepare; the caller's thread is not for that.
        Request request = await Task.Run(() => MakeRequest(makePrompt, generation), cancel).ConfigureAwait(false);
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(_ => engine.Cancel(request), null);
        try
        {
            engine.Submit(request);
            await foreach (Piece piece in request.Pieces.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                // Pieces that have come already would be given out even so.
                cancel.ThrowIfCancellationRequested();
                yield return piece.Completion is { } whole && generation.Tools is { Count: > 0 }
                    ? piece with { Completion = whole.WithToolCalls() }
                    : piece;
            }
        }
        finally
        {
            engine.Cancel(request);
        }
    }

    Request MakeRequest(Func<Prompt> makePrompt, GenerationOptions generation)
    {
        ulong seed = options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var sampling = generation.Resolve(Checkpoint.Generation, seed, Checkpoint.Config.Text.Vocabulary);
        return new Request(makePrompt(), sampling, generation.MaxTokens, generation.Stop);
    }

    void Free()
    {
        Checkpoint.Dispose();
        devices.Dispose();
    }
}
