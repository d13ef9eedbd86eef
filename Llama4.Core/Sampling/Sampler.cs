namespace Llama4.Core.Sampling;

/// <summary>
/// Chooses the tokens of one sequence. In this order: repetition, presence and frequency penalty, logit bias, temperature, top-k, top-p, min-p,
/// then a draw whose random number depends on seed and position only. Temperature 0 takes the largest logit after penalties and bias; of
/// equal logits the lowest id comes first everywhere. Log probabilities are those of the logits as they come from the model.
/// </summary>
internal sealed class Sampler
{
    readonly SamplingOptions options;
    readonly Penalties? penalties;
    readonly KeyValuePair<int, float>[] biases;

    public Sampler(SamplingOptions options, int vocabulary)
    {
        options.Validate(vocabulary);
        this.options = options;
        biases = [.. options.LogitBias ?? new Dictionary<int, float>()];
        if (options.HasPenalties) penalties = new Penalties(options, vocabulary);
    }

    public void AddPrompt(ReadOnlySpan<int> ids) => penalties?.AddPrompt(ids);

    /// <summary>The token at <paramref name="position"/> of the sequence. Changes the logits.</summary>
    /// <exception cref="NumericFaultException">A logit is NaN or infinite.</exception>
    public SampledToken Next(Span<float> logits, int position, SamplerScratch scratch)
    {
        float max = Logits.Max(logits);
        TokenLogProb[]? top = null;
        double logSum = 0;
        if (options.TopLogProbs is int count)
        {
            logSum = Logits.LogSumExp(logits, max);
            top = Top(logits, logSum, Math.Min(count, logits.Length));
            logits.CopyTo(scratch.Raw);
        }
        penalties?.Apply(logits);
        foreach ((int id, float bias) in biases) logits[id] += bias;
        max = Logits.Max(logits);
        int chosen = options.Temperature == 0 ? Logits.IndexOf(logits, max) : Draw(logits, max, position, scratch);
        penalties?.AddAnswer(chosen);
        return new SampledToken(chosen, top is null ? null : (float)(scratch.Raw[chosen] - logSum), top);
    }

    int Draw(ReadOnlySpan<float> logits, float max, int position, SamplerScratch scratch)
    {
        float inverse = MathF.Min(1 / options.Temperature, 1e30f);      // finite, so that 0 times it is 0
        Logits.Exponentials(logits, max, inverse, scratch.Weights);
        ulong least = 0;
        bool topK = options.TopK > 0 && options.TopK < logits.Length, topP = options.TopP < 1;
        if (topK || topP) Cut.Count(logits, max, inverse, scratch);
        if (topK) least = Cut.TopK(logits, max, inverse, options.TopK, scratch);
        if (topP) least = Cut.TopP(logits, max, inverse, options.TopP, least, scratch);

        int kept = 0;
        double mass = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            // The largest weight is 1.
            if (scratch.Weights[id] == 0 || scratch.Weights[id] < options.MinP || Cut.Key(logits[id], id) < least) continue;
            scratch.Kept[kept++] = id;
            mass += scratch.Weights[id];
        }
        double rest = Philox.Uniform(options.Seed, (ulong)position) * mass;
        int last = 0;
        for (; last < kept - 1; last++)
        {
            rest -= scratch.Weights[scratch.Kept[last]];
            if (rest < 0) break;
        }
        return scratch.Kept[last];
    }

    static TokenLogProb[] Top(ReadOnlySpan<float> logits, double logSum, int count)
    {
        var top = new TokenLogProb[count];
        int filled = 0;
        for (int id = 0; id < logits.Length && count > 0; id++)
        {
            if (filled == count && logits[id] <= logits[top[^1].Id]) continue;
            int at = filled < count ? filled++ : count - 1;
            for (; at > 0 && logits[top[at - 1].Id] < logits[id]; at--) top[at] = top[at - 1];
            top[at] = new TokenLogProb(id, (float)(logits[id] - logSum));
        }
        return top;
    }
}
