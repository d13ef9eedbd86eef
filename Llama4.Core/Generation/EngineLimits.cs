namespace Llama4.Core.Generation;

/// <summary>Sizes of an engine.</summary>
/// <param name="Context">Most tokens of a prompt with its answer.</param>
/// <param name="Sequences">Most requests that run at once; others wait.</param>
/// <param name="PromptRows">Most prompt ids of a step.</param>
/// <param name="CacheBytes">Memory for keys and values of all requests; at least that of one whole context.</param>
internal sealed record EngineLimits(int Context, int Sequences, int PromptRows, long CacheBytes);
