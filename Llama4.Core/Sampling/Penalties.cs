namespace Llama4.Core.Sampling;

/// <summary>Which tokens one sequence has used, and what that costs them.</summary>
internal sealed class Penalties(SamplingOptions options, int vocabulary)
{
    /// <summary>0: not seen. 1: in the prompt only. 1 + n: n times in the answer.</summary>
    readonly int[] uses = new int[vocabulary];

    /// <summary>The ids with uses &gt; 0, in no meaningful order.</summary>
    readonly List<int> seen = [];

    public void AddPrompt(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids) See(id);
    }

    public void AddAnswer(int id)
    {
        See(id);
        uses[id]++;
    }

    /// <summary>Each token by itself, so the order of the ids does not matter.</summary>
    public void Apply(Span<float> logits)
    {
        foreach (int id in seen)
        {
            float x = logits[id];
            x = x > 0 ? x / options.RepetitionPenalty : x * options.RepetitionPenalty;
            int answered = uses[id] - 1;
            if (answered > 0) x -= options.PresencePenalty + options.FrequencyPenalty * answered;
            logits[id] = x;
        }
    }

    void See(int id)
    {
        if (uses[id] != 0) return;
        uses[id] = 1;
        seen.Add(id);
    }
}
