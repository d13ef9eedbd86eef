using Llama4.Core.Sampling;

namespace Llama4.Tests.Sampling;

/// <summary>Sampling by its definition: everything in double precision, the whole vocabulary sorted.</summary>
static class ReferenceSampling
{
    /// <summary>Probability of each id under the filters.</summary>
    public static double[] Probabilities(IReadOnlyList<float> logits, SamplingOptions options)
    {
        double max = logits.Max();
        double[] weights = [.. logits.Select(x => Math.Exp((x - max) / options.Temperature))];
        List<int> order = [.. Enumerable.Range(0, logits.Count).OrderByDescending(id => logits[id]).ThenBy(id => id)];
        if (options.TopK > 0) order = [.. order.Take(options.TopK)];
        if (options.TopP < 1)
        {
            double limit = options.TopP * order.Sum(id => weights[id]), before = 0;
            var nucleus = new List<int>();
            foreach (int id in order)
            {
                if (before > limit) break;
                nucleus.Add(id);
                before += weights[id];
            }
            order = nucleus;
        }
        order.RemoveAll(id => weights[id] < options.MinP);
        double mass = order.Sum(id => weights[id]);
        var probabilities = new double[logits.Count];
        foreach (int id in order) probabilities[id] = weights[id] / mass;
        return probabilities;
    }
}
