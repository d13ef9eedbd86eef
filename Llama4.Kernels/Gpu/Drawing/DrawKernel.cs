using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Drawing;

/// <summary>
/// <see cref="DrawRule"/> by a group for each row. Weights are whole numbers, so that atomic sums are exact whatever their order. Columns are counted
/// in buckets by their distance from the largest number; where a filter ends is then found inside one bucket, digit by digit of the keys.
/// </summary>
readonly struct DrawKernel(long x, int columns, long rules, long largest, int slices, long lists, long chosen) : IKernel
{
    /// <summary>Into so many parts a row is divided to find a place in it.</summary>
    public const int Parts = 64;

    const int Digits = 256;

    public void Run()
    {
        long rule = rules + Grid.IdxX * (DrawRule.Words * 4L);
        var row = new DrawRow
        {
            Source = x + (long)Grid.IdxX * columns * 4,
            Inverse = Memory.Float(rule),
            MinWeight = (ulong)(Memory.Float(rule + 12) * DrawRule.Unit),
            Sums = SharedMemory.Allocate<ulong>(DrawRow.Buckets),
            Counts = SharedMemory.Allocate<ulong>(DrawRow.Buckets),
            Upper = SharedMemory.Allocate<ulong>(Parts + 1),
        };
        ulong best = Largest(row);
        int column = (int)~(uint)best;
        if (best == ulong.MaxValue) column = -1;
        else if (row.Inverse != 0)
        {
            row.Max = Memory.Float(row.Source + column * 4L);
            column = Pick(row, Cut(row, Memory.Int(rule + 4), Memory.Float(rule + 8)), Memory.Double(rule + 16));
        }
        if (Group.IdxX == 0) Memory.Store(chosen + Grid.IdxX * 4L, column);
    }

    /// <summary>As <see cref="DrawRule.KeyOf"/>.</summary>
    public static ulong Key(float value, int column)
    {
        uint bits = Interop.FloatAsInt(value + 0f);
        uint ascending = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return (ulong)ascending << 32 | ~(uint)column;
    }

    ulong Largest(DrawRow row)
    {
        if (Group.IdxX == 0) row.Upper[0] = 0;
        Group.Barrier();
        for (int slice = Group.IdxX; slice < slices; slice += Group.DimX)
            Atomic.Max(ref row.Upper[0], (ulong)Memory.Long(largest + ((long)Grid.IdxX * slices + slice) * 8));
        Group.Barrier();
        ulong best = row.Upper[0];
        Group.Barrier();
        return best;
    }

    /// <summary>Key of the last column that top-k and top-p leave.</summary>
    ulong Cut(DrawRow row, int topK, float topP)
    {
        bool hasTopK = topK > 0 && topK < columns, hasTopP = topP < 1;
        ulong cut = 0;
        if (!hasTopK && !hasTopP) return cut;
        Count(row);
        if (hasTopK)
        {
            ulong before = 0, target = (ulong)(topK - 1);
            int bucket = Find(row, row.Counts, DrawRow.Buckets, target, ref before);
            if (bucket >= 0) cut = Select(row, bucket, 0, target - before, byWeight: false);
            if (bucket >= 0 && hasTopP) Limit(row, bucket, cut);
        }
        if (!hasTopP) return cut;
        ulong lighter = 0, limit = (ulong)((double)topP * Total(row));
        int last = Find(row, row.Sums, DrawRow.Buckets, limit, ref lighter);
        return last < 0 ? cut : Select(row, last, cut, limit - lighter, byWeight: true);
    }

    /// <summary>Number and weight of the columns in each bucket.</summary>
    void Count(DrawRow row)
    {
        for (int bucket = Group.IdxX; bucket < DrawRow.Buckets; bucket += Group.DimX) row.Sums[bucket] = row.Counts[bucket] = 0;
        Group.Barrier();
        CountWork work = default;
        row.Each(ref work, 0, columns, Group.IdxX, Group.DimX);
        ulong sum = Lanes.Sum(work.LastSum), count = Lanes.Sum(work.LastCount);
        if (Warp.LaneIdx == 0)
        {
            Atomic.Add(ref row.Sums[DrawRow.Buckets - 1], sum);
            Atomic.Add(ref row.Counts[DrawRow.Buckets - 1], count);
        }
        Group.Barrier();
    }

    /// <summary>Leaves of the buckets' weights what is not behind the cut, which is in this bucket.</summary>
    void Limit(DrawRow row, int bucket, ulong cut)
    {
        for (int other = bucket + Group.IdxX; other < DrawRow.Buckets; other += Group.DimX) row.Sums[other] = 0;
        Group.Barrier();
        var work = new LimitWork { Bucket = bucket, Cut = cut };
        row.Each(ref work, 0, columns, Group.IdxX, Group.DimX);
        ulong sum = Lanes.Sum(work.Sum);
        if (Warp.LaneIdx == 0) Atomic.Add(ref row.Sums[bucket], sum);
        Group.Barrier();
    }

    /// <summary>The sum of the buckets' weights.</summary>
    static ulong Total(DrawRow row)
    {
        ulong before = 0;
        Find(row, row.Sums, DrawRow.Buckets, ulong.MaxValue, ref before);
        return before;
    }

    /// <summary>The first place where the sum of the values exceeds the target, −1 where it never does, and the sum before it.</summary>
    static int Find(DrawRow row, ArrayView<ulong> values, int count, ulong target, ref ulong before)
    {
        int width = count / Parts;
        for (int part = Group.IdxX; part < Parts; part += Group.DimX)
        {
            ulong sum = 0;
            for (int i = 0; i < width; i++) sum += values[part * width + i];
            row.Upper[part] = sum;
        }
        Group.Barrier();
        int place = 0, end = Parts;
        while (place < end && before + row.Upper[place] <= target) before += row.Upper[place++];
        if (place < end)
        {
            place *= width;
            while (before + values[place] <= target) before += values[place++];
        }
        else place = -1;
        Group.Barrier();
        return place;
    }

    /// <summary>
    /// Of the columns in a bucket with at least the key <paramref name="least"/>, in order: the key of the first where their number, or weight,
    /// sums to more than the target. It exists. Digits of the keys are found from the highest on.
    /// </summary>
    ulong Select(DrawRow row, int bucket, ulong least, ulong target, bool byWeight)
    {
        long list = lists + (long)Grid.IdxX * columns * 4;
        int count = List(row, bucket, list);
        ulong prefix = 0, before = 0;
        for (int shift = 56; shift >= 0; shift -= 8)
        {
            for (int digit = Group.IdxX; digit < Digits; digit += Group.DimX) row.Counts[digit] = 0;
            Group.Barrier();
            for (int i = Group.IdxX; i < count; i += Group.DimX)
            {
                int column = Memory.Int(list + i * 4L);
                float value = Memory.Float(row.Source + column * 4L);
                ulong key = Key(value, column);
                if (key < least || (key >> shift) >> 8 != prefix) continue;
                // The largest digit comes first.
                Atomic.Add(ref row.Counts[Digits - 1 - (int)(key >> shift & 0xFF)], byWeight ? row.Weight(value) : 1UL);
            }
            Group.Barrier();
            int found = Find(row, row.Counts, Digits, target, ref before);
            prefix = prefix << 8 | (uint)(Digits - 1 - found);
        }
        return prefix;
    }

    /// <summary>Writes the columns of a bucket, in no particular order. Returns their number.</summary>
    int List(DrawRow row, int bucket, long list)
    {
        if (Group.IdxX == 0) row.Upper[Parts] = 0;
        Group.Barrier();
        var work = new ListWork { Bucket = bucket, List = list };
        row.Each(ref work, 0, columns, Group.IdxX, Group.DimX);
        Group.Barrier();
        return (int)row.Upper[Parts];
    }

    /// <summary>The column where the weights of those left sum to more than this part of all: the part of the row, the part of that part, and so on.</summary>
    int Pick(DrawRow row, ulong cut, double random)
    {
        int from = 0, to = columns;
        ulong target = 0, before = 0;
        for (int size = columns; size > 1;)
        {
            size = (to - from + Parts - 1) / Parts;
            // Parts begin at a multiple of 4, until there are fewer columns in a part.
            if (size > 4) size = (size + 3) / 4 * 4;
            Sum(row, cut, from, to, size);
            ulong all = 0;
            for (int part = 0; part < Parts; part++) all += row.Upper[part];
            // The largest number is always left, so that the first time there is some weight.
            if (to - from == columns) target = IntrinsicMath.Min((ulong)(random * all), all - 1);
            int found = 0;
            while (before + row.Upper[found] <= target) before += row.Upper[found++];
            Group.Barrier();
            from += found * size;
            to = IntrinsicMath.Min(from + size, to);
        }
        return from;
    }

    /// <summary>Weight of each part of some columns: a warp for a part.</summary>
    static void Sum(DrawRow row, ulong cut, int from, int to, int size)
    {
        for (int part = Group.IdxX / Lanes.Count; part < Parts; part += Group.DimX / Lanes.Count)
        {
            int start = from + part * size, end = IntrinsicMath.Min(start + size, to);
            var work = new SumWork { Cut = cut };
            row.Each(ref work, start, end, Warp.LaneIdx, Lanes.Count);
            ulong sum = Lanes.Sum(work.Sum);
            if (Warp.LaneIdx == 0) row.Upper[part] = sum;
        }
        Group.Barrier();
    }
}
