using Llama4.Kernels;

namespace Llama4.Core.Sampling;

/// <summary>
/// Chooses the tokens of one sequence. In this order: repetition, presence and frequency penalty, logit bias, temperature, top-k, top-p,
/// min-p, then a draw whose random number depends on seed and position only. Temperature 0 takes the largest logit after penalties and bias; of
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

    /// <summary>The same choice as a rule for a device; null where the request asks for more than the choice, or for other logits.</summary>
    public DrawRule? Rule(int position)
    {
        if (penalties is not null || biases.Length > 0 || options.TopLogProbs is not null) return null;
        return new DrawRule(InverseTemperature, options.TopK, options.TopP, options.MinP, Philox.Uniform(options.Seed, (ulong)position));
    }

    /// <summary>0: greedy. Finite, so that 0 times it is 0.</summary>
    float InverseTemperature => options.Temperature == 0 ? 0 : MathF.Min(1 / options.Temperature, 1e30f);

    int Draw(ReadOnlySpan<float> logits, float max, int position, SamplerScratch scratch)
    {
        float inverse = InverseTemperature;
        Logits.Exponentials(logits, max, inverse, scratch.Weights);
        double random = Philox.Uniform(options.Seed, (ulong)position);
        bool topK = options.TopK > 0 && options.TopK < logits.Length, topP = options.TopP < 1;
        if (!topK && !topP && options.MinP == 0) return DrawAny(scratch.Weights.AsSpan(0, logits.Length), random);

        Cut.Count(logits, max, inverse, scratch);
        Cut cut = topK ? Cut.TopK(logits, options.TopK, scratch) : Cut.None;
        if (topP) cut = Cut.TopP(logits, options.TopP, cut, scratch);
        return DrawKept(scratch, Keep(logits, cut, scratch), random);
    }

    /// <summary>Lists the ids that the filters leave. Returns their number.</summary>
    int Keep(ReadOnlySpan<float> logits, Cut cut, SamplerScratch scratch)
    {
        ReadOnlySpan<ushort> buckets = scratch.Bucket.AsSpan(0, logits.Length);
        float least = options.MinP * Logits.LargestWeight;
        int kept = 0, step;
        for (int id = 0; (step = buckets[id..].IndexOfAnyInRange((ushort)0, (ushort)cut.Bucket)) >= 0; id++)
        {
            id += step;
            float weight = scratch.Weights[id];
            if (weight > 0 && weight >= least && cut.Keeps(buckets[id], logits[id], id)) scratch.Kept[kept++] = id;
        }
        return kept;
    }

    /// <summary>A kept id, with the probability of its weight.</summary>
    static int DrawKept(SamplerScratch scratch, int kept, double random)
    {
        ReadOnlySpan<int> ids = scratch.Kept.AsSpan(0, kept);
        double mass = 0;
        foreach (int id in ids) mass += scratch.Weights[id];
        double rest = random * mass;
        foreach (int id in ids)
        {
            rest -= scratch.Weights[id];
            if (rest < 0) return id;
        }
        return ids[^1];
    }

    /// <summary>Any id, with the probability of its weight.</summary>
    static int DrawAny(ReadOnlySpan<float> weights, double random)
    {
        double mass = 0;
        foreach (float weight in weights) mass += weight;
        double rest = random * mass;
        int last = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            if (weights[id] == 0) continue;
            last = id;
            rest -= weights[id];
            if (rest < 0) break;
        }
        return last;
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
