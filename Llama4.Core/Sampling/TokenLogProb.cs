namespace Llama4.Core.Sampling;

/// <summary>A token and the natural logarithm of the probability the model gave it, before penalties, temperature and filters.</summary>
public readonly record struct TokenLogProb(int Id, float LogProb);
