using System.Globalization;

namespace Llama4.Core.Sampling;

/// <summary>How the next token is chosen from the logits, every value settled; in which order says <see cref="Sampler"/>.</summary>
internal sealed record SamplingOptions
{
    public const int MaxTopLogProbs = 20;

    /// <summary>0: greedy. The logits are divided by it.</summary>
    public float Temperature { get; init; }

    /// <summary>Only the k most probable tokens; 0: all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most probable tokens until their probabilities exceed this; 1: all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Only tokens at least this times as probable as the most probable one; 0: all.</summary>
    public float MinP { get; init; }

    /// <summary>Positive logits of tokens in prompt or answer are divided by this, negative ones multiplied; 1: none.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted once from the logit of each token of the answer.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from the logit of each token of the answer as often as it is there.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of the ids.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>With the position, the only source of random numbers.</summary>
    public ulong Seed { get; init; }

    /// <summary>null: no log probabilities; n: that of the chosen token and of the n most probable ones.</summary>
    public int? TopLogProbs { get; init; }

    public bool HasPenalties => RepetitionPenalty != 1 || PresencePenalty != 0 || FrequencyPenalty != 0;

    /// <exception cref="InvalidRequestException">A value is out of its range; the message names field, value and limits.</exception>
    public void Validate(int vocabulary)
    {
        Check("temperature", Temperature, 0, 10);
        // No vocabulary is larger; a limit above this model's own vocabulary means all of it.
        Check("top_k", TopK, 0, 1_000_000);
        Check("top_p", TopP, float.Epsilon, 1, "more than 0 and at most 1");
        Check("min_p", MinP, 0, 1);
        Check("repetition_penalty", RepetitionPenalty, 0.01f, 100);
        Check("presence_penalty", PresencePenalty, -2, 2);
        Check("frequency_penalty", FrequencyPenalty, -2, 2);
        if (TopLogProbs is int n) Check("top_logprobs", n, 0, MaxTopLogProbs);
        foreach ((int id, float bias) in LogitBias ?? new Dictionary<int, float>())
        {
            if (id < 0 || id >= vocabulary)
                throw Invalid("logit_bias", $"there is no token {id}, ids are 0 to {vocabulary - 1}");
            Check("logit_bias", bias, -100, 100);
        }
    }

    static void Check(string field, float value, float least, float most, string? range = null)
    {
        if (!(value >= least && value <= most))
            throw Invalid(field, string.Create(
                CultureInfo.InvariantCulture, $"{value} is out of range, expected {range ?? $"{least} to {most}"}"));
    }

    static InvalidRequestException Invalid(string field, string problem) => new($"{field}: {problem}") { Field = field };
}
