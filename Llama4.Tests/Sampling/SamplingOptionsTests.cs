using Llama4.Core;
using Llama4.Core.Sampling;

namespace Llama4.Tests.Sampling;

public sealed class SamplingOptionsTests
{
    static Dictionary<int, float> Bias(int id, float value) => new() { [id] = value };

    internal static readonly (string Field, SamplingOptions Options)[] bad =
    [
        ("temperature", new() { Temperature = -1 }), ("temperature", new() { Temperature = float.NaN }),
        ("temperature", new() { Temperature = 1e38f }), ("temperature", new() { Temperature = 99_999 }),
        ("temperature", new() { Temperature = float.PositiveInfinity }),
        ("top_p", new() { TopP = 0 }), ("top_p", new() { TopP = 1.1f }), ("top_p", new() { TopP = float.NaN }),
        ("top_k", new() { TopK = -5 }), ("top_k", new() { TopK = 1_000_000_000 }),
        ("min_p", new() { MinP = -0.1f }), ("min_p", new() { MinP = 1.01f }),
        ("repetition_penalty", new() { RepetitionPenalty = 0 }), ("repetition_penalty", new() { RepetitionPenalty = -1 }),
        ("repetition_penalty", new() { RepetitionPenalty = float.NaN }),
        ("presence_penalty", new() { PresencePenalty = 2.5f }), ("frequency_penalty", new() { FrequencyPenalty = -2.5f }),
        ("logit_bias", new() { LogitBias = Bias(-1, 0) }), ("logit_bias", new() { LogitBias = Bias(2048, 0) }),
        ("logit_bias", new() { LogitBias = Bias(0, 1e9f) }), ("logit_bias", new() { LogitBias = Bias(0, -1e9f) }),
        ("logit_bias", new() { LogitBias = Bias(0, float.NaN) }),
        ("top_logprobs", new() { TopLogProbs = 21 }), ("top_logprobs", new() { TopLogProbs = -1 }),
    ];

    public static TheoryData<int> BadCases => [.. Enumerable.Range(0, bad.Length)];

    [Theory]
    [MemberData(nameof(BadCases))]
    public void A_value_out_of_range_is_refused_with_field_and_limits(int index)
    {
        (string field, SamplingOptions options) = bad[index];
        var error = Assert.Throws<InvalidRequestException>(() => options.Validate(2048));
        Assert.Equal(field, error.Field);
        Assert.StartsWith(field + ": ", error.Message);
        Assert.Matches(field == "logit_bias" && !error.Message.Contains("range") ? "0 to 2047" : "expected .* (to|at most) ", error.Message);
    }

    [Fact]
    public void The_limits_themselves_are_allowed()
    {
        new SamplingOptions
        {
            Temperature = 10,
            TopK = 1_000_000,
            TopP = 1e-9f,
            MinP = 1,
            RepetitionPenalty = 100,
            PresencePenalty = 2,
            FrequencyPenalty = -2,
            TopLogProbs = 20,
            LogitBias = Bias(2047, -100)
        }.Validate(2048);
        new SamplingOptions().Validate(1);
    }
}
