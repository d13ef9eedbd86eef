using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// Attention of few rows (flash-decoding). A warp takes up to eight query heads of one key head over one span of a row's positions, 16 at a time,
/// and leaves its part of the result for <see cref="CombineSpansKernel"/>. Products: scores[position, head] = keys · queries,
/// sums[number, head] += valuesᵀ · weights; lane (g, t), g = lane / 4, holds positions (numbers) g, g + 8 and heads 2t, 2t + 1.
/// </summary>
readonly struct SpanAttentionKernel<TFragments, TWidth>(long q, KvPlace cache, SpanResults results, long firstRow, int rows, int heads) : IKernel
    where TFragments : struct, IKvFragments
    where TWidth : struct, IHeadWidth
{
    public const int MostHeads = 8;

    const float Log2E = 1.44269504f;

    public void Run()
    {
        int group = heads / cache.Heads, parts = (group + MostHeads - 1) / MostHeads;
        long item = GroupWork.WarpIndex;
        int span = (int)(item % results.Count);
        item /= results.Count;
        int part = (int)(item % parts);
        item /= parts;
        int keyHead = (int)(item % cache.Heads), present = IntrinsicMath.Min(group - part * MostHeads, MostHeads);
        long row = item / cache.Heads;
        if (row >= rows) return;
        int sequence = cache.Sequence(firstRow + row), end = cache.Slot(firstRow + row) + 1, length = Spans.Length(end), from = span * length;
        if (from >= end) return;
        end = IntrinsicMath.Min(from + length, end);

        int firstHead = keyHead * group + part * MostHeads;
        HeadWords query = Query((firstRow + row) * heads + firstHead, present);
        SpanState state = SpanState.Empty();
        for (int slot = from; slot < end; slot += Spans.Tile)
        {
            long page = cache.Page(sequence, slot);
            // A missing page makes the result NaN.
            if (page == 0) state.Spoil();
            else Add(ref state, query, cache.Keys(page, keyHead), cache.Values(page, keyHead), cache.Row(slot), end - slot);
        }
        Store(state, row, firstHead, span, present);
    }

    /// <summary>The queries of lane / 4's head times log2(e) / √N: exponentials are powers of 2.</summary>
    HeadWords Query(long head, int present)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3;
        HeadWords words = default;
        if (group >= present) return words;
        long source = q + (head + group) * TWidth.Blocks * 128;
        words.A = QueryBlock(source, place);
        words.B = QueryBlock(source + 128, place);
        if (TWidth.Blocks > 2)
        {
            words.C = QueryBlock(source + 256, place);
            words.D = QueryBlock(source + 384, place);
        }
        return words;
    }

    static UInt4 QueryBlock(long source, int place)
    {
        float scale = Log2E / MathF.Sqrt(TWidth.Blocks * 32);
        Float4 first = Memory.Floats(source + place * (TFragments.IsBytes ? 16 : 32));
        Float4 second = Memory.Floats(source + place * (TFragments.IsBytes ? 16 : 32) + (TFragments.IsBytes ? 64 : 16));
        UInt4 words = default;
        words.X = TFragments.Pack(first.X * scale, first.Y * scale);
        words.Y = TFragments.Pack(first.Z * scale, first.W * scale);
        words.Z = TFragments.Pack(second.X * scale, second.Y * scale);
        words.W = TFragments.Pack(second.Z * scale, second.W * scale);
        return words;
    }

    /// <summary>Takes in the 16 positions from a row of a page on, of which <paramref name="seen"/> are seen.</summary>
    void Add(ref SpanState state, in HeadWords query, long keys, long values, int row, int seen)
    {
        int group = Warp.LaneIdx >> 2;
        Float4 scores = KvTile<TFragments, TWidth>.Scores(query, keys, row, cache.PageRows);
        if (group >= seen) scores.X = scores.Y = float.NegativeInfinity;
        if (group + 8 >= seen) scores.Z = scores.W = float.NegativeInfinity;
        Float4 weights = state.Weigh(scores);
        KvTile<TFragments, TWidth>.AddValues(ref state.Sums, weights, values, row, cache.PageRows, seen);
    }

    void Store(in SpanState state, long row, int firstHead, int span, int present)
    {
        int group = Warp.LaneIdx >> 2, head = (Warp.LaneIdx & 3) * 2;
        float left = SpanState.ColumnSum(state.LeftWeights), right = SpanState.ColumnSum(state.RightWeights);
        if (head < present)
        {
            KvTile<TFragments, TWidth>.Store(state.Sums, results.Sums(row, firstHead + head, span), right: false);
            if (group == 0) Store(results.Weights(row, firstHead + head, span), state.LeftLargest, left);
        }
        if (head + 1 < present)
        {
            KvTile<TFragments, TWidth>.Store(state.Sums, results.Sums(row, firstHead + head + 1, span), right: true);
            if (group == 0) Store(results.Weights(row, firstHead + head + 1, span), state.RightLargest, right);
        }
    }

    static void Store(long target, float largest, float weights)
    {
        Memory.Store(target, largest);
        Memory.Store(target + 4, weights);
    }
}

/// <summary>Softmax of a warp's positions so far, for the two heads of each lane: left, 2t, and right, 2t + 1.</summary>
struct SpanState
{
    public HeadSums Sums;
    public float LeftLargest, RightLargest;

    /// <summary>Of this lane's positions alone.</summary>
    public float LeftWeights, RightWeights;

    public static SpanState Empty()
    {
        SpanState state = default;
        state.LeftLargest = state.RightLargest = float.NegativeInfinity;
        return state;
    }

    public void Spoil() => LeftWeights = RightWeights = float.NaN;

    /// <summary>Weights of 16 positions with these scores; what there is so far is scaled to match.</summary>
    public Float4 Weigh(Float4 scores)
    {
        float left = ColumnMax(LeftLargest, scores.X, scores.Z), right = ColumnMax(RightLargest, scores.Y, scores.W);
        float keepLeft = Arithmetic.Exp2(LeftLargest - left), keepRight = Arithmetic.Exp2(RightLargest - right);
        LeftLargest = left;
        RightLargest = right;
        Float4 weights = default;
        weights.X = Arithmetic.Exp2(scores.X - left);
        weights.Y = Arithmetic.Exp2(scores.Y - right);
        weights.Z = Arithmetic.Exp2(scores.Z - left);
        weights.W = Arithmetic.Exp2(scores.W - right);
        LeftWeights = Arithmetic.MultiplyAdd(LeftWeights, keepLeft, weights.X + weights.Z);
        RightWeights = Arithmetic.MultiplyAdd(RightWeights, keepRight, weights.Y + weights.W);
        Scale(ref Sums.A, keepLeft, keepRight);
        Scale(ref Sums.OddA, keepLeft, keepRight);
        Scale(ref Sums.B, keepLeft, keepRight);
        Scale(ref Sums.OddB, keepLeft, keepRight);
        Scale(ref Sums.C, keepLeft, keepRight);
        Scale(ref Sums.OddC, keepLeft, keepRight);
        Scale(ref Sums.D, keepLeft, keepRight);
        Scale(ref Sums.OddD, keepLeft, keepRight);
        return weights;
    }

    /// <summary>The sum over the lanes of the same heads.</summary>
    public static float ColumnSum(float value)
    {
        value += Lanes.Other(value, 16);
        value += Lanes.Other(value, 8);
        return value + Lanes.Other(value, 4);
    }

    // The first positions of a span are always seen, so that it is a number.
    static float ColumnMax(float before, float a, float b)
    {
        float largest = Larger(before, Larger(a, b));
        largest = Larger(largest, Lanes.Other(largest, 16));
        largest = Larger(largest, Lanes.Other(largest, 8));
        return Larger(largest, Lanes.Other(largest, 4));
    }

    static float Larger(float a, float b) => a > b ? a : b;

    static void Scale(ref Float4 sums, float left, float right)
    {
        sums.X *= left;
        sums.Y *= right;
        sums.Z *= left;
        sums.W *= right;
    }
}
