using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Llama4.Core.Chat;
using Llama4.Core.Formats;
using Llama4.Core.Sampling;

namespace Llama4.Core.Generation;

/// <summary>
/// How to answer. What is null is taken from the checkpoint (generation_config.json), else it is off. The steps act in this order:
/// repetition, presence and frequency penalty, logit bias, temperature, top-k, top-p, min-p.
/// </summary>
public sealed record GenerationOptions
{
    const int MostStops = 64, LongestStop = 1024;

    /// <summary>Most tokens of the answer; null: until the context is full.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>0 (greedy: always the most probable token) to 10.</summary>
    public float? Temperature { get; init; }

    /// <summary>Only the k most probable tokens; 0: all.</summary>
    public int? TopK { get; init; }

    /// <summary>Only the most probable tokens until their probabilities sum to more than this; 1: all.</summary>
    public float? TopP { get; init; }

    /// <summary>Only tokens at least this times as probable as the most probable one; 0: all.</summary>
    public float? MinP { get; init; }

    /// <summary>Divides positive and multiplies negative logits of tokens in prompt or answer; 1: none.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>−2 to 2, subtracted once from the logit of each token of the answer.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>−2 to 2, subtracted from the logit of each token of the answer as often as it came.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>−100 to 100, added to the logits of these ids.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>The same seed gives the same answer, alone or beside other requests; null: a new one each time.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Asks for log probabilities: those of the chosen token and of this many most probable ones, 0 to 20.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>The answer ends before any of these texts; at most 64, of 1 to 1,024 characters.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Functions that the model may call, as chat APIs describe them.</summary>
    public IReadOnlyList<JsonNode>? Tools { get; init; }

    /// <summary>What else the chat template is told.</summary>
    public ChatTemplateOptions? Template { get; init; }

    /// <summary>Every value settled.</summary>
    /// <exception cref="InvalidRequestException">A value is out of its range.</exception>
    internal SamplingOptions Resolve(GenerationDefaults defaults, ulong seed, int vocabulary)
    {
        if (MaxTokens is int most && most < 1)
            throw Invalid("max_tokens", string.Create(CultureInfo.InvariantCulture, $"{most} is out of range, expected 1 or more"));
        CheckStops();
        var sampling = new SamplingOptions
        {
            Temperature = Temperature ?? (defaults.Sample ? defaults.Temperature ?? 1 : 0),
            TopK = TopK ?? defaults.TopK ?? 0,
            TopP = TopP ?? defaults.TopP ?? 1,
            MinP = MinP ?? 0,
            RepetitionPenalty = RepetitionPenalty ?? 1,
            PresencePenalty = PresencePenalty ?? 0,
            FrequencyPenalty = FrequencyPenalty ?? 0,
            LogitBias = LogitBias,
            Seed = Seed ?? seed,
            TopLogProbs = TopLogProbs,
        };
        sampling.Validate(vocabulary);
        return sampling;
    }

    void CheckStops()
    {
        if (Stop.Count > MostStops) throw Invalid("stop", $"{Stop.Count} stop strings are too many, at most {MostStops}");
        foreach (string stop in Stop)
        {
            if (stop.Length is 0 or > LongestStop)
                throw Invalid("stop", $"a stop string of {stop.Length} characters, expected 1 to {LongestStop}");
            foreach (Rune rune in stop.EnumerateRunes())
                if (rune == Rune.ReplacementChar && !stop.Contains('\uFFFD'))
                    throw Invalid("stop", "a stop string holds half of a character (a lone surrogate), which no text contains");
        }
    }

    static InvalidRequestException Invalid(string field, string problem) => new($"{field}: {problem}") { Field = field };
}
