using Llama4.Core.Sampling;

namespace Llama4.Core.Generation;

/// <summary>What one token adds to an answer; there is one piece for each token.</summary>
/// <param name="Text">The text that is certain now; empty while a character is incomplete or a stop string may have begun.</param>
/// <param name="TokenId">The token, the one that ends the answer included.</param>
/// <param name="LogProb">Log probability of the token, when asked for.</param>
/// <param name="TopLogProbs">The most probable tokens, when asked for.</param>
/// <param name="Completion">The whole answer, on the last piece only.</param>
public readonly record struct Piece(
    string Text, int TokenId, float? LogProb = null, IReadOnlyList<TokenLogProb>? TopLogProbs = null, Completion? Completion = null)
{
    /// <summary>The text, so that a piece can be written as it is.</summary>
    public override string ToString() => Text;
}
