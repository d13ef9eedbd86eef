using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Core.Sampling;

/// <summary>
/// Finds where top-k and top-p end without sorting the vocabulary. Tokens stand in one order: larger logit first, of equal ones the lower id;
/// a token's key is a number that is larger the earlier the token stands. Tokens are counted in buckets by their distance from the largest
/// logit (1/32 in units of the temperature, so that the last bucket holds weights of 0); only the bucket where a limit lies is sorted.
/// </summary>
/// <param name="Bucket">The bucket where the kept tokens end.</param>
/// <param name="Key">Key of the last kept token.</param>
internal readonly record struct Cut(int Bucket, ulong Key)
{
    public const int Buckets = 4096;

    const float BucketsPerUnit = 32;

    /// <summary>Everything is kept.</summary>
    public static Cut None => new(Buckets - 1, 0);

    /// <summary>Whether a token of this bucket or an earlier one is kept.</summary>
    public bool Keeps(int bucket, float logit, int id) => bucket < Bucket || KeyOf(logit, id) >= Key;

    /// <summary>Unique, and descending in the order of the tokens.</summary>
    public static ulong KeyOf(float logit, int id)
    {
        uint bits = BitConverter.SingleToUInt32Bits(logit + 0f);    // −0 becomes 0: they are equal
        uint ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ((ulong)ascending << 32) | ~(uint)id;
    }

    /// <summary>Fills the buckets from logits and weights.</summary>
    public static void Count(ReadOnlySpan<float> logits, float max, float inverseTemperature, SamplerScratch scratch)
    {
        Classify(logits, max, inverseTemperature, scratch.Bucket);
        Array.Clear(scratch.BucketCount);
        Array.Clear(scratch.BucketWeight);
        for (int id = 0; id < logits.Length; id++)
        {
            int bucket = scratch.Bucket[id];
            scratch.BucketCount[bucket]++;
            scratch.BucketWeight[bucket] += scratch.Weights[id];
        }
    }

    /// <summary>The end of the first k tokens.</summary>
    public static Cut TopK(ReadOnlySpan<float> logits, int k, SamplerScratch scratch)
    {
        int bucket = 0, before = 0;
        for (; before + scratch.BucketCount[bucket] < k; bucket++) before += scratch.BucketCount[bucket];
        return new Cut(bucket, Sorted(logits, bucket, scratch)[k - before - 1]);
    }

    /// <summary>
    /// The end of the nucleus: of the tokens that <paramref name="within"/> keeps, those belong to it before which the weights sum to at
    /// most p times the weight of all (specification, section 7).
    /// </summary>
    public static Cut TopP(ReadOnlySpan<float> logits, float p, Cut within, SamplerScratch scratch)
    {
        double total = 0, before = 0;
        for (int bucket = 0; bucket < within.Bucket; bucket++) total += scratch.BucketWeight[bucket];
        foreach (ulong key in Sorted(logits, within.Bucket, scratch))
            if (key >= within.Key) total += scratch.Weights[IdOf(key)];

        double limit = p * total;
        Cut last = within;
        for (int bucket = 0; bucket <= within.Bucket; bucket++)
        {
            // Whole buckets within the limit need no order. The last bucket is only partly within the other cut.
            double after = before + scratch.BucketWeight[bucket];
            if (after <= limit && bucket < within.Bucket)
            {
                before = after;
                continue;
            }
            foreach (ulong key in Sorted(logits, bucket, scratch))
            {
                if (before > limit || key < within.Key) return last;
                before += scratch.Weights[IdOf(key)];
                last = new Cut(bucket, key);
            }
            // Rounding can make the bucket's sum and this one differ; then the next bucket decides.
            if (before > limit) return last;
        }
        return last;
    }

    /// <summary>Keys of a bucket, in the order of the tokens.</summary>
    static ReadOnlySpan<ulong> Sorted(ReadOnlySpan<float> logits, int bucket, SamplerScratch scratch)
    {
        ReadOnlySpan<ushort> buckets = scratch.Bucket.AsSpan(0, logits.Length);
        int count = 0, step;
        for (int id = 0; (step = buckets[id..].IndexOf((ushort)bucket)) >= 0; id++)
        {
            id += step;
            scratch.Keys[count++] = KeyOf(logits[id], id);
        }
        Span<ulong> keys = scratch.Keys.AsSpan(0, count);
        keys.Sort();
        keys.Reverse();
        return keys;
    }

    static int IdOf(ulong key) => (int)~(uint)key;

    /// <summary>Buckets never fall as the logit falls, so that they follow the order of the tokens.</summary>
    static void Classify(ReadOnlySpan<float> logits, float max, float inverseTemperature, Span<ushort> buckets)
    {
        float scale = inverseTemperature * BucketsPerUnit;
        ReadOnlySpan<Vector512<float>> vectors = MemoryMarshal.Cast<float, Vector512<float>>(logits);
        Span<Vector256<ushort>> results = MemoryMarshal.Cast<ushort, Vector256<ushort>>(buckets);
        Vector512<float> last = Vector512.Create((float)(Buckets - 1));
        for (int v = 0; v < vectors.Length; v++)
        {
            Vector512<int> bucket = Vector512.ConvertToInt32(Vector512.Min((Vector512.Create(max) - vectors[v]) * scale, last));
            results[v] = Vector256.Narrow(bucket.GetLower().AsUInt32(), bucket.GetUpper().AsUInt32());
        }
        for (int id = vectors.Length * Vector512<float>.Count; id < logits.Length; id++)
            buckets[id] = (ushort)MathF.Min((max - logits[id]) * scale, Buckets - 1);
    }
}
