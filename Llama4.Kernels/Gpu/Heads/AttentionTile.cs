using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// Attention of many rows (FlashAttention-2): each warp of a group holds 16 rows, and all meet the same 64 positions in shared memory, keys and
/// values as 16-bit floats. There are two stages of it: one is filled while the other is used. A row of a stage is 16 bytes longer than
/// a head, so that the eight rows of a matrix lie in different banks.
/// </summary>
static class AttentionTile<TFragments, TWidth>
    where TFragments : struct, IKvFragments
    where TWidth : struct, IHeadWidth
{
    public const int Positions = 64;

    const float Log2E = 1.44269504f;

    // NaN in binary16 as in bfloat16.
    const uint NaNs = 0x7FFF7FFF;

    public static int RowBytes => TWidth.Blocks * 64 + 16;

    /// <summary>From keys to values.</summary>
    public static int PartBytes => Positions * RowBytes;

    public static int StageBytes => 2 * PartBytes;

    /// <summary>Chunks of 16 bytes in a head.</summary>
    public static int Chunks => TWidth.Blocks * 4;

    /// <summary>The lane's two rows of queries, by address, times log2(e) / √N; 0 where there is none.</summary>
    public static TileQuery Query(long upper, long lower, int headDim)
    {
        float scale = Log2E / MathF.Sqrt(headDim);
        TileQuery query = default;
        query.A = Query(upper, lower, 0, headDim, scale);
        query.B = Query(upper, lower, 16, headDim, scale);
        query.C = Query(upper, lower, 32, headDim, scale);
        query.D = Query(upper, lower, 48, headDim, scale);
        if (TWidth.Blocks > 2)
        {
            query.E = Query(upper, lower, 64, headDim, scale);
            query.F = Query(upper, lower, 80, headDim, scale);
        }
        if (TWidth.Blocks > 3)
        {
            query.G = Query(upper, lower, 96, headDim, scale);
            query.H = Query(upper, lower, 112, headDim, scale);
        }
        return query;
    }

    /// <summary>Takes in the positions of a stage, of which the lane's rows see the first ones.</summary>
    public static void Add(ref TileState state, in TileQuery query, int stage, int upperSeen, int lowerSeen)
    {
        TileScores s = default;
        Scores(ref s.A, ref s.B, query, stage);
        Scores(ref s.C, ref s.D, query, stage + 16 * RowBytes);
        Scores(ref s.E, ref s.F, query, stage + 32 * RowBytes);
        Scores(ref s.G, ref s.H, query, stage + 48 * RowBytes);
        if (IntrinsicMath.Min(upperSeen, lowerSeen) < Positions) s.Mask(upperSeen, lowerSeen, Warp.LaneIdx & 3);
        state.Weigh(ref s);
        int values = stage + PartBytes;
        AddValues(ref state.Sums, s.A, s.B, values);
        AddValues(ref state.Sums, s.C, s.D, values + 16 * RowBytes);
        AddValues(ref state.Sums, s.E, s.F, values + 32 * RowBytes);
        AddValues(ref state.Sums, s.G, s.H, values + 48 * RowBytes);
    }

    /// <summary>Writes the means of the lane's two rows, by address; not where it is 0.</summary>
    public static void Store(in TileState state, long upper, long lower, int headDim)
    {
        float upperFactor = 1 / TileState.RowSum(state.UpperWeights), lowerFactor = 1 / TileState.RowSum(state.LowerWeights);
        Store(state.Sums.A, state.Sums.OddA, 0, upper, lower, headDim, upperFactor, lowerFactor);
        Store(state.Sums.B, state.Sums.OddB, 16, upper, lower, headDim, upperFactor, lowerFactor);
        Store(state.Sums.C, state.Sums.OddC, 32, upper, lower, headDim, upperFactor, lowerFactor);
        Store(state.Sums.D, state.Sums.OddD, 48, upper, lower, headDim, upperFactor, lowerFactor);
        if (TWidth.Blocks > 2)
        {
            Store(state.Sums.E, state.Sums.OddE, 64, upper, lower, headDim, upperFactor, lowerFactor);
            Store(state.Sums.F, state.Sums.OddF, 80, upper, lower, headDim, upperFactor, lowerFactor);
        }
        if (TWidth.Blocks > 3)
        {
            Store(state.Sums.G, state.Sums.OddG, 96, upper, lower, headDim, upperFactor, lowerFactor);
            Store(state.Sums.H, state.Sums.OddH, 112, upper, lower, headDim, upperFactor, lowerFactor);
        }
    }

    /// <summary>Starts the copies of one chunk of a key and of its value; zeros where the position is not seen by any row, NaN where it is missing.</summary>
    public static void Fetch(int target, long key, long value, bool isSeen, bool isPresent)
    {
        if (isSeen && isPresent)
        {
            SharedBytes.CopyAsync(target, key);
            SharedBytes.CopyAsync(target + PartBytes, value);
            return;
        }
        UInt4 filling = default;
        if (isSeen) filling.X = filling.Y = filling.Z = filling.W = NaNs;
        SharedBytes.Store(target, filling);
        SharedBytes.Store(target + PartBytes, filling);
    }

    static UInt4 Query(long upper, long lower, int first, int headDim, float scale)
    {
        int number = first + (Warp.LaneIdx & 3) * 2;
        UInt4 fragment = default;
        fragment.X = QueryPair(upper, number, headDim, scale);
        fragment.Y = QueryPair(lower, number, headDim, scale);
        fragment.Z = QueryPair(upper, number + 8, headDim, scale);
        fragment.W = QueryPair(lower, number + 8, headDim, scale);
        return fragment;
    }

    static uint QueryPair(long row, int number, int headDim, float scale)
    {
        if (row == 0 || number >= headDim) return 0;
        Float2 pair = Memory.Pair(row + number * 4L);
        return TFragments.Pack(pair.X * scale, pair.Y * scale);
    }

    /// <summary>Scores of 16 positions: matrices are positions 0–7 and their numbers 0–7 and 8–15, then positions 8–15.</summary>
    static void Scores(ref Float4 first, ref Float4 second, in TileQuery query, int keys)
    {
        int lane = Warp.LaneIdx, address = keys + ((lane >> 4) * 8 + (lane & 7)) * RowBytes + (lane >> 3 & 1) * 16;
        Scores(ref first, ref second, query.A, address);
        Scores(ref first, ref second, query.B, address + 32);
        Scores(ref first, ref second, query.C, address + 64);
        Scores(ref first, ref second, query.D, address + 96);
        if (TWidth.Blocks > 2)
        {
            Scores(ref first, ref second, query.E, address + 128);
            Scores(ref first, ref second, query.F, address + 160);
        }
        if (TWidth.Blocks > 3)
        {
            Scores(ref first, ref second, query.G, address + 192);
            Scores(ref first, ref second, query.H, address + 224);
        }
    }

    static void Scores(ref Float4 first, ref Float4 second, UInt4 query, int address)
    {
        UInt4 keys = SharedBytes.LoadMatrices(address);
        first = TFragments.Multiply(first, query, Pair(keys.X, keys.Y));
        second = TFragments.Multiply(second, query, Pair(keys.Z, keys.W));
    }

    /// <summary>Weights of 16 positions times their values: matrices are numbers 0–7 of positions 0–7 and 8–15, then numbers 8–15.</summary>
    static void AddValues(ref TileSums sums, Float4 first, Float4 second, int values)
    {
        int lane = Warp.LaneIdx, address = values + ((lane >> 3 & 1) * 8 + (lane & 7)) * RowBytes + (lane >> 4) * 16;
        UInt4 weights = default;
        weights.X = TFragments.Pack(first.X, first.Y);
        weights.Y = TFragments.Pack(first.Z, first.W);
        weights.Z = TFragments.Pack(second.X, second.Y);
        weights.W = TFragments.Pack(second.Z, second.W);
        AddValues(ref sums.A, ref sums.OddA, weights, address);
        AddValues(ref sums.B, ref sums.OddB, weights, address + 32);
        AddValues(ref sums.C, ref sums.OddC, weights, address + 64);
        AddValues(ref sums.D, ref sums.OddD, weights, address + 96);
        if (TWidth.Blocks > 2)
        {
            AddValues(ref sums.E, ref sums.OddE, weights, address + 128);
            AddValues(ref sums.F, ref sums.OddF, weights, address + 160);
        }
        if (TWidth.Blocks > 3)
        {
            AddValues(ref sums.G, ref sums.OddG, weights, address + 192);
            AddValues(ref sums.H, ref sums.OddH, weights, address + 224);
        }
    }

    static void AddValues(ref Float4 even, ref Float4 odd, UInt4 weights, int address)
    {
        UInt4 values = SharedBytes.LoadTransposed(address);
        even = TFragments.Multiply(even, weights, Pair(values.X, values.Y));
        odd = TFragments.Multiply(odd, weights, Pair(values.Z, values.W));
    }

    static void Store(Float4 even, Float4 odd, int first, long upper, long lower, int headDim, float upperFactor, float lowerFactor)
    {
        int number = first + (Warp.LaneIdx & 3) * 2;
        Store(upper, number, headDim, even.X * upperFactor, even.Y * upperFactor);
        Store(lower, number, headDim, even.Z * lowerFactor, even.W * lowerFactor);
        Store(upper, number + 8, headDim, odd.X * upperFactor, odd.Y * upperFactor);
        Store(lower, number + 8, headDim, odd.Z * lowerFactor, odd.W * lowerFactor);
    }

    static void Store(long row, int number, int headDim, float x, float y)
    {
        if (row == 0 || number >= headDim) return;
        Float2 pair = default;
        pair.X = x;
        pair.Y = y;
        Memory.Store(row + number * 4L, pair);
    }

    static UInt2 Pair(uint x, uint y)
    {
        UInt2 pair = default;
        pair.X = x;
        pair.Y = y;
        return pair;
    }
}
