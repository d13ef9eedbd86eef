using Llama4.Core.Sampling;

namespace Llama4.Tests.Sampling;

public sealed class LogProbTests
{
    static readonly float[] logits = [0.5f, 3, -2, 3, 1, 2.5f, -7, 0, 1];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(20)]
    public void They_are_the_models_own_most_probable_first_ties_by_id(int count)
    {
        // Penalties, bias, temperature and filters move the choice, not the log probabilities.
        var options = new SamplingOptions
        {
            TopLogProbs = count,
            Temperature = 0.5f,
            TopK = 1,
            LogitBias = new Dictionary<int, float> { [4] = 50 },
            PresencePenalty = 1,
        };
        SampledToken token = new Sampler(options, logits.Length).Next([.. logits], 0, new SamplerScratch(logits.Length));
        double sum = logits.Sum(x => Math.Exp(x));
        Assert.Equal(4, token.Id);
        Assert.Equal(Math.Log(Math.Exp(1) / sum), token.LogProb!.Value, 6);
        Assert.Equal([.. new[] { 1, 3, 5, 4, 8, 0, 7, 2, 6 }.Take(count)], token.Top!.Select(t => t.Id));
        Assert.All(token.Top!, t => Assert.Equal(logits[t.Id] - Math.Log(sum), t.LogProb, 6));
        Assert.True(token.Top!.Sum(t => Math.Exp(t.LogProb)) <= 1 + 1e-6);
    }

    [Fact]
    public void They_are_absent_unless_asked_for()
    {
        SampledToken token = new Sampler(new SamplingOptions(), logits.Length).Next([.. logits], 0, new SamplerScratch(logits.Length));
        Assert.Null(token.LogProb);
        Assert.Null(token.Top);
    }
}
