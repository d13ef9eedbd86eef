using System.Diagnostics;
using System.Threading.Channels;
using Llama4.Core.Sampling;

namespace Llama4.Core.Generation;

/// <summary>A prompt to be answered, and the way back to the caller.</summary>
internal sealed class Request(Prompt prompt, SamplingOptions sampling, int? maxTokens, IReadOnlyList<string> stop)
{
    readonly Channel<Piece> pieces = Channel.CreateUnbounded<Piece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    volatile bool isCancelled;

    public Prompt Prompt => prompt;

    public SamplingOptions Sampling => sampling;

    /// <summary>null: until the context is full.</summary>
    public int? MaxTokens => maxTokens;

    public IReadOnlyList<string> Stop => stop;

    public long Arrival { get; } = Stopwatch.GetTimestamp();

    /// <summary>At most as many as the answer has tokens: a slow reader holds up nobody.</summary>
    public ChannelReader<Piece> Pieces => pieces.Reader;

    /// <summary>Nobody waits for the answer any more.</summary>
    public bool IsCancelled => isCancelled;

    public void Cancel() => isCancelled = true;

    public void Write(Piece piece) => pieces.Writer.TryWrite(piece);

    /// <summary>Ends the stream, with an error or without.</summary>
    public void End(Exception? error = null) => pieces.Writer.TryComplete(error);
}
