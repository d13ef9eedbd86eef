using Llama4.Core.Sampling;

namespace Llama4.Tests.Sampling;

public sealed class PenaltyTests
{
    [Fact]
    public void Repetition_counts_prompt_and_answer_the_others_the_answer_only()
    {
        var options = new SamplingOptions { RepetitionPenalty = 2, PresencePenalty = 0.5f, FrequencyPenalty = 0.25f };
        var penalties = new Penalties(options, 5);
        penalties.AddPrompt([0, 1, 1, 3]);
        penalties.AddAnswer(1);
        penalties.AddAnswer(2);
        penalties.AddAnswer(2);
        float[] logits = [4, 4, -4, 0, 4];
        penalties.Apply(logits);
        Assert.Equal([2, 2 - 0.75f, -8 - 1, 0, 4], logits);
    }

    [Fact]
    public void Penalties_and_bias_act_before_temperature_and_on_greedy_too()
    {
        var sampler = new Sampler(new SamplingOptions { PresencePenalty = 2, LogitBias = new Dictionary<int, float> { [2] = 100, [3] = -100 } }, 5);
        var scratch = new SamplerScratch(5);
        Assert.Equal(2, sampler.Next([3, 2.5f, -80, 90, 2], 0, scratch).Id);
        Assert.Equal(0, sampler.Next([3, 2.5f, -99, 90, 2], 1, scratch).Id);
        Assert.Equal(1, sampler.Next([3, 2.5f, -99, 90, 2], 2, scratch).Id);
        Assert.Equal(4, sampler.Next([3, 2.5f, -99, 90, 2], 3, scratch).Id);
    }

    [Fact]
    public void The_same_bias_on_every_token_changes_nothing()
    {
        float[] logits = [.. Enumerable.Range(0, 64).Select(id => MathF.Sin(id * 7))];
        var plain = new SamplingOptions { Temperature = 0.001f };
        SamplingOptions banned = plain with { LogitBias = Enumerable.Range(0, 64).ToDictionary(id => id, _ => -100f) };
        Assert.Equal(
            new Sampler(plain, 64).Next([.. logits], 3, new SamplerScratch(64)), new Sampler(banned, 64).Next([.. logits], 3, new SamplerScratch(64)));
    }
}
