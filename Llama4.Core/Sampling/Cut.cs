namespace Llama4.Core.Sampling;

/// <summary>
/// Finds where top-k and top-p end without sorting the vocabulary. Tokens stand in one order: larger logit first, of equal ones the lower id;
/// a token's key is a number that is larger the earlier the token stands. Tokens are counted in buckets by their distance from the largest
/// logit (1/32 in units of the temperature, so that the last bucket holds weights of 0); only the bucket where the limit lies is sorted.
/// </summary>
internal static class Cut
{
    const float BucketsPerUnit = 32;

    /// <summary>Unique, and descending in the order of the tokens.</summary>
    public static ulong Key(float logit, int id)
    {
        uint bits = BitConverter.SingleToUInt32Bits(logit + 0f);    // −0 becomes 0: they are equal
        uint ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ((ulong)ascending << 32) | ~(uint)id;
    }

    /// <summary>Fills the buckets from logits and weights.</summary>
    public static void Count(ReadOnlySpan<float> logits, float max, float inverseTemperature, SamplerScratch scratch)
    {
        Array.Clear(scratch.BucketCount);
        Array.Clear(scratch.BucketWeight);
        for (int id = 0; id < logits.Length; id++)
        {
            int bucket = Bucket(logits[id], max, inverseTemperature);
            scratch.BucketCount[bucket]++;
            scratch.BucketWeight[bucket] += scratch.Weights[id];
        }
    }

    /// <summary>Key of the last of the first k tokens.</summary>
    public static ulong TopK(ReadOnlySpan<float> logits, float max, float inverseTemperature, int k, SamplerScratch scratch)
    {
        int bucket = 0, before = 0;
        for (; before + scratch.BucketCount[bucket] < k; bucket++) before += scratch.BucketCount[bucket];
        return Sorted(logits, max, inverseTemperature, bucket, scratch)[k - before - 1];
    }

    /// <summary>
    /// Key of the last token of the nucleus: tokens not below <paramref name="least"/> belong to it while the weights before them sum to at most
    /// p times the weight of all (specification, section 7).
    /// </summary>
    public static ulong TopP(
        ReadOnlySpan<float> logits, float max, float inverseTemperature, float p, ulong least, SamplerScratch scratch)
    {
        double limit = p * Weight(logits, least, scratch), before = 0;
        ulong last = ulong.MaxValue;
        for (int bucket = 0; bucket < SamplerScratch.Buckets; bucket++)
        {
            double after = before + scratch.BucketWeight[bucket];
            if (after <= limit)
            {
                before = after;
                continue;
            }
            foreach (ulong key in Sorted(logits, max, inverseTemperature, bucket, scratch))
            {
                if (before > limit || key < least) return last;
                before += scratch.Weights[(int)~(uint)key];
                last = key;
            }
            // Rounding can make the bucket's sum and this one differ; then the next bucket begins beyond the limit or goes on.
            if (before > limit) return last;
        }
        return least;
    }

    static double Weight(ReadOnlySpan<float> logits, ulong least, SamplerScratch scratch)
    {
        double sum = 0;
        for (int id = 0; id < logits.Length; id++)
            if (Key(logits[id], id) >= least) sum += scratch.Weights[id];
        return sum;
    }

    /// <summary>Keys of a bucket, in the order of the tokens.</summary>
    static ReadOnlySpan<ulong> Sorted(ReadOnlySpan<float> logits, float max, float inverseTemperature, int bucket, SamplerScratch scratch)
    {
        int count = 0;
        for (int id = 0; id < logits.Length; id++)
            if (Bucket(logits[id], max, inverseTemperature) == bucket) scratch.Keys[count++] = Key(logits[id], id);
        Span<ulong> keys = scratch.Keys.AsSpan(0, count);
        keys.Sort();
        keys.Reverse();
        return keys;
    }

    /// <summary>Never falls as the logit falls, so that buckets follow the order of the tokens.</summary>
    static int Bucket(float logit, float max, float inverseTemperature) =>
        (int)MathF.Min((max - logit) * inverseTemperature * BucketsPerUnit, SamplerScratch.Buckets - 1);
}
