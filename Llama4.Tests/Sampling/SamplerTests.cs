using Llama4.Core;
using Llama4.Core.Sampling;

namespace Llama4.Tests.Sampling;

public sealed class SamplerTests
{
    static readonly float[] powers = [MathF.Log(8), MathF.Log(4), MathF.Log(2), MathF.Log(2)];    // 1/2, 1/4, 1/8, 1/8

    [Fact]
    public void Greedy_takes_the_largest_and_of_equal_ones_the_lowest_id()
    {
        foreach (int length in new[] { 1, 2, 7, 8, 9, 16, 17, 100 })
            for (int best = 0; best < length; best++)
            {
                float[] logits = [.. Enumerable.Range(0, length).Select(id => id < best ? -1f - id : id == best ? 3 : id % 2 == 0 ? 3 : 2)];
                Assert.Equal(best, Next(logits, new SamplingOptions()).Id);
            }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Logits_that_are_no_numbers_are_a_fault_wherever_they_stand(float bad)
    {
        foreach (int length in new[] { 1, 8, 9, 31 })
            for (int at = 0; at < length; at++)
            {
                var logits = new float[length];
                logits[at] = bad;
                var fault = Assert.Throws<NumericFaultException>(() => Next(logits, new SamplingOptions()));
                Assert.Contains($"token {at}", fault.Message);
            }
    }

    public static TheoryData<int, float, float, float> Filters => new()
    {
        { 0, 1, 0, 1 }, { 1, 1, 0, 1 }, { 3, 1, 0, 1 }, { 40, 1, 0, 0.7f }, { 1000, 1, 0, 1 }, { 5000, 1, 0, 1 },
        { 0, 0.5f, 0, 1 }, { 0, 0.9f, 0, 0.6f }, { 0, 0.999f, 0, 2 }, { 0, 1e-6f, 0, 1 }, { 0, 0.99999994f, 0, 1 },
        { 0, 1, 0.05f, 1 }, { 0, 1, 1, 1 }, { 20, 0.9f, 0.02f, 1 }, { 7, 0.5f, 0.5f, 10 }, { 100, 0.95f, 0, 0.01f },
    };

    [Theory]
    [MemberData(nameof(Filters))]
    public void Exactly_the_tokens_of_the_definition_can_be_drawn(int topK, float topP, float minP, float temperature)
    {
        var options = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP };
        foreach (float[] logits in Distributions())
        {
            double[] expected = ReferenceSampling.Probabilities(logits, options);
            HashSet<int> possible = [];
            for (int id = 0; id < expected.Length; id++)
                if (expected[id] > 0) possible.Add(id);
            var scratch = new SamplerScratch(logits.Length);
            for (int position = 0; position < 200; position++)
                Assert.Contains(new Sampler(options with { Seed = 5 }, logits.Length).Next([.. logits], position, scratch).Id, possible);
            Assert.Equal(possible.Where(id => scratch.Weights[id] > 0).Order(), KeptAfterDraw(logits, options));
        }
    }

    /// <summary>Peaked, flat, with ties and all equal, of a size that is no multiple of a vector.</summary>
    static IEnumerable<float[]> Distributions()
    {
        var random = new Random(1);
        yield return [.. Enumerable.Range(0, 2003).Select(_ => (float)(random.NextDouble() * 30 - 15))];
        yield return [.. Enumerable.Range(0, 2003).Select(_ => (float)(random.NextDouble() * 0.5))];
        yield return [.. Enumerable.Range(0, 2003).Select(_ => (float)random.Next(8))];
        yield return [.. Enumerable.Repeat(-2.5f, 2003)];
        yield return [.. Enumerable.Range(0, 2003).Select(_ => (float)(random.NextDouble() * 400 - 200))];
        yield return [3f];
    }

    static IEnumerable<int> KeptAfterDraw(float[] logits, SamplingOptions options)
    {
        var scratch = new SamplerScratch(logits.Length);
        Array.Fill(scratch.Kept, -1);
        new Sampler(options, logits.Length).Next([.. logits], 0, scratch);
        // Without a filter nothing is listed: everything with a weight can be drawn.
        bool filtered = (options.TopK > 0 && options.TopK < logits.Length) || options.TopP < 1 || options.MinP > 0;
        return filtered ? scratch.Kept.Where(id => id >= 0) : Enumerable.Range(0, logits.Length).Where(id => scratch.Weights[id] > 0);
    }

    [Theory]
    [InlineData(0.49f, 1)]
    [InlineData(0.5f, 2)]       // the sum before the second is 0.5, not more than 0.5
    [InlineData(0.74f, 2)]
    [InlineData(0.75f, 3)]      // of the two equal ones the lower id first
    [InlineData(0.875f, 4)]
    public void Top_p_keeps_a_token_while_the_sum_before_it_is_at_most_p(float p, int kept)
    {
        // Weights by exact powers of two: exp is not exact, so the border is set by logits whose weights are 1.
        float[] equal = [0, 0, 0, 0, 0, 0, 0, 0, -200, -200];
        foreach ((float border, int count) in new[] { (0.124f, 1), (0.125f, 2), (0.25f, 3), (0.5f, 5), (0.875f, 8), (0.9f, 8) })
            Assert.Equal(Enumerable.Range(0, count), KeptAfterDraw(equal, new SamplingOptions { Temperature = 1, TopP = border }));
        double[] expected = ReferenceSampling.Probabilities(powers, new SamplingOptions { Temperature = 1, TopP = p + 1e-5f });
        Assert.Equal(kept, expected.Count(x => x > 0));
        Assert.Equal(kept, KeptAfterDraw(powers, new SamplingOptions { Temperature = 1, TopP = p + 1e-5f }).Count());
    }

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(3, new[] { 1, 2, 5 })]
    [InlineData(4, new[] { 0, 1, 2, 5 })]
    public void Top_k_takes_the_lowest_ids_of_equal_logits(int k, int[] kept) =>
        Assert.Equal(kept, KeptAfterDraw([1, 2, 2, 1, 0, 2], new SamplingOptions { Temperature = 1, TopK = k }));

    [Fact]
    public void Min_p_keeps_what_ties_with_the_limit() =>
        Assert.Equal([1, 3], KeptAfterDraw([1, 2, 1.9f, 2], new SamplingOptions { Temperature = 1, MinP = 1 }));

    [Theory]
    [InlineData(0, 1, 0, 1)]
    [InlineData(5, 1, 0, 1)]
    [InlineData(0, 0.8f, 0, 1)]
    [InlineData(0, 1, 0.1f, 1)]
    [InlineData(0, 1, 0, 0.5f)]
    [InlineData(0, 1, 0, 3)]
    public void Draws_follow_the_probabilities(int topK, float topP, float minP, float temperature)
    {
        float[] logits = [0.3f, 2, -1, 1.2f, 1.2f, 0, -0.5f, 1.9f, 0.1f, 0.7f];
        var options = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = 99 };
        var sampler = new Sampler(options, logits.Length);
        var scratch = new SamplerScratch(logits.Length);
        var counts = new int[logits.Length];
        for (int position = 0; position < 50_000; position++) counts[sampler.Next([.. logits], position, scratch).Id]++;
        ChiSquare.AssertFits(counts, ReferenceSampling.Probabilities(logits, options));
    }

    [Fact]
    public void The_draw_depends_on_seed_and_position_only()
    {
        float[] logits = [.. Enumerable.Range(0, 500).Select(id => MathF.Sin(id))];
        var options = new SamplingOptions { Temperature = 1, Seed = 7 };
        var scratch = new SamplerScratch(500);
        var used = new Sampler(options, 500);
        for (int position = 0; position < 50; position++) used.Next([.. logits], position, scratch);
        for (int position = 49; position >= 0; position--)
            Assert.Equal(new Sampler(options, 500).Next([.. logits], position, new SamplerScratch(500)), used.Next([.. logits], position, scratch));
        Assert.NotEqual(Ids(1), Ids(2));
        Assert.NotEqual(Ids(1), Ids(1UL << 40 | 1));

        int[] Ids(ulong seed)
        {
            var sampler = new Sampler(options with { Seed = seed }, 500);
            return [.. Enumerable.Range(0, 20).Select(p => sampler.Next([.. logits], p, scratch).Id)];
        }
    }

    [Theory]
    [InlineData(1e-38f)]
    [InlineData(1e-45f)]
    [InlineData(1e-4f)]
    public void A_very_low_temperature_is_greedy(float temperature) =>
        Assert.Equal(1, Next([1, 1.01f, -1e30f, 0], new SamplingOptions { Temperature = temperature }).Id);

    [Fact]
    public void A_token_is_found_in_a_vocabulary_of_full_size()
    {
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, 202_048).Select(_ => (float)(random.NextDouble() * 20))];
        logits[201_143] = 60;
        Assert.Equal(201_143, Next(logits, new SamplingOptions()).Id);
        Assert.Equal(201_143, Next(logits, new SamplingOptions { Temperature = 0.6f, TopP = 0.9f }).Id);
        Assert.Equal(201_143, Next(logits, new SamplingOptions { Temperature = 1, TopK = 50 }).Id);
    }

    static SampledToken Next(float[] logits, SamplingOptions options) =>
        new Sampler(options, logits.Length).Next([.. logits], 0, new SamplerScratch(logits.Length));
}
