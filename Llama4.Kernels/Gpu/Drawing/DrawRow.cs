using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Drawing;

/// <summary>The numbers of a row that a column is drawn from, and the group's memory.</summary>
struct DrawRow
{
    public const int Buckets = 2048;

    // The last bucket takes everything that is further away than 12.8 units of the temperature: with a weight below 3 · 10⁻⁶, it rarely matters
    // where a filter ends there.
    const float BucketsPerUnit = 160, Log2E = 1.44269504f;

    public long Source;
    public float Inverse, Max;
    public ulong MinWeight;

    /// <summary>Weight and number of the columns in each bucket.</summary>
    public ArrayView<ulong> Sums, Counts;

    public ArrayView<ulong> Upper;

    public readonly ulong Weight(float value) => (ulong)(Arithmetic.Exp2((value - Max) * Inverse * Log2E) * DrawRule.Unit);

    /// <summary>Never falls as the number falls.</summary>
    public readonly int Bucket(float value) => (int)MathF.Min((Max - value) * Inverse * BucketsPerUnit, Buckets - 1);

    /// <summary>Shows the columns from <paramref name="from"/>, a multiple of 4, to <paramref name="to"/> to the work, shared out to threads.</summary>
    public readonly void Each<TWork>(ref TWork work, int from, int to, int thread, int threads)
        where TWork : struct, IDrawWork
    {
        for (int c = from + thread * 4; c < to; c += threads * 16)
        {
            // All on their way before the first is used.
            int second = c + threads * 4, third = second + threads * 4, fourth = third + threads * 4;
            Float4 a = Four(c, to), b = Four(second, to), d = Four(third, to), e = Four(fourth, to);
            Show(ref work, a, c);
            Show(ref work, b, second);
            Show(ref work, d, third);
            Show(ref work, e, fourth);
        }
    }

    readonly void Show<TWork>(ref TWork work, Float4 values, int column)
        where TWork : struct, IDrawWork
    {
        Show(ref work, values.X, column);
        Show(ref work, values.Y, column + 1);
        Show(ref work, values.Z, column + 2);
        Show(ref work, values.W, column + 3);
    }

    readonly void Show<TWork>(ref TWork work, float value, int column)
        where TWork : struct, IDrawWork
    {
        ulong weight = Weight(value);
        if (weight != 0) work.See(this, value, column, weight);
    }

    /// <summary>Four numbers; beyond the end −∞, which has no weight.</summary>
    readonly Float4 Four(int column, int end)
    {
        if (Source % 16 == 0 && column + 4 <= end) return Memory.Floats(Source + column * 4L);
        Float4 values = default;
        values.X = column < end ? Memory.Float(Source + column * 4L) : float.NegativeInfinity;
        values.Y = column + 1 < end ? Memory.Float(Source + column * 4L + 4) : float.NegativeInfinity;
        values.Z = column + 2 < end ? Memory.Float(Source + column * 4L + 8) : float.NegativeInfinity;
        values.W = column + 3 < end ? Memory.Float(Source + column * 4L + 12) : float.NegativeInfinity;
        return values;
    }
}

/// <summary>What is done with each column that has a weight.</summary>
interface IDrawWork
{
    void See(in DrawRow row, float value, int column, ulong weight);
}

/// <summary>Fills the buckets. Most columns are in the last one: they are not added one by one.</summary>
struct CountWork : IDrawWork
{
    public ulong LastSum, LastCount;

    public void See(in DrawRow row, float value, int column, ulong weight)
    {
        int bucket = row.Bucket(value);
        if (bucket == DrawRow.Buckets - 1)
        {
            LastSum += weight;
            LastCount++;
            return;
        }
        Atomic.Add(ref row.Sums[bucket], weight);
        Atomic.Add(ref row.Counts[bucket], 1UL);
    }
}

/// <summary>Adds up what a bucket has up to a key.</summary>
struct LimitWork : IDrawWork
{
    public int Bucket;
    public ulong Cut, Sum;

    public void See(in DrawRow row, float value, int column, ulong weight)
    {
        if (row.Bucket(value) == Bucket && DrawKernel.Key(value, column) >= Cut) Sum += weight;
    }
}

/// <summary>Writes the columns of a bucket, in no particular order, and their number to the last place of Upper.</summary>
struct ListWork : IDrawWork
{
    public int Bucket;
    public long List;

    public void See(in DrawRow row, float value, int column, ulong weight)
    {
        if (row.Bucket(value) == Bucket) Memory.Store(List + (long)Atomic.Add(ref row.Upper[DrawKernel.Parts], 1UL) * 4, column);
    }
}

/// <summary>Adds up what all filters leave.</summary>
struct SumWork : IDrawWork
{
    public ulong Cut, Sum;

    public void See(in DrawRow row, float value, int column, ulong weight)
    {
        if (weight >= row.MinWeight && DrawKernel.Key(value, column) >= Cut) Sum += weight;
    }
}
