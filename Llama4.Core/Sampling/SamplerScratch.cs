namespace Llama4.Core.Sampling;

/// <summary>Memory for sampling one row of logits; one for all sequences of a step thread.</summary>
internal sealed class SamplerScratch(int vocabulary)
{
    /// <summary>The logits as they came, when log probabilities are asked for.</summary>
    public readonly float[] Raw = new float[vocabulary];

    /// <summary>exp((logit − max) / temperature) by id.</summary>
    public readonly float[] Weights = new float[vocabulary];

    /// <summary>Bucket by id: see <see cref="Cut"/>.</summary>
    public readonly ushort[] Bucket = new ushort[vocabulary];

    public readonly int[] BucketCount = new int[Cut.Buckets];
    public readonly double[] BucketWeight = new double[Cut.Buckets];

    /// <summary>Keys of one bucket.</summary>
    public readonly ulong[] Keys = new ulong[vocabulary];

    /// <summary>Ids that remain, ascending.</summary>
    public readonly int[] Kept = new int[vocabulary];
}
