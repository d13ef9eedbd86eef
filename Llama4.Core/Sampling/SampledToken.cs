namespace Llama4.Core.Sampling;

/// <summary>The token chosen.</summary>
/// <param name="LogProb">Its log probability; null unless asked for.</param>
/// <param name="Top">The most probable tokens, most probable first, equal ones by id; null unless asked for.</param>
internal readonly record struct SampledToken(int Id, float? LogProb, IReadOnlyList<TokenLogProb>? Top);
