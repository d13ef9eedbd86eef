namespace Llama4.Core.Generation;

/// <summary>Help with streams of pieces.</summary>
public static class PieceExtensions
{
    /// <summary>Waits for the end of an answer.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> or the stream's own token was cancelled.</exception>
    public static async Task<Completion> ToCompletionAsync(this IAsyncEnumerable<Piece> pieces, CancellationToken cancel = default)
    {
        Completion? completion = null;
        await foreach (Piece piece in pieces.WithCancellation(cancel).ConfigureAwait(false)) completion = piece.Completion;
        return completion ?? throw new InvalidOperationException("the stream ended without its last piece");
    }
}
