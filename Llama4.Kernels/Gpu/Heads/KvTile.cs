using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// 16 neighbouring rows of a page times the queries, and their values times the weights. A block is 32 numbers of a head. Of 16-bit entries
/// lane (g, t) takes numbers 8t … 8t + 7 of a block of keys, and of values 8g … 8g + 7 of two blocks; of bytes word t and t + 4 of every block
/// of keys, and word g of every block of values.
/// </summary>
static class KvTile<TFragments, TWidth>
    where TFragments : struct, IKvFragments
    where TWidth : struct, IHeadWidth
{
    const int RowsApart = 8;

    // 2²³ and the offset that makes signed bytes unsigned.
    const float Raised = 8388736f;

    /// <summary>Scores of positions g, g + 8 for heads 2t, 2t + 1.</summary>
    public static Float4 Scores(in HeadWords query, long keys, int row, int pageRows)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3;
        long upper = keys + (long)(row + group) * RowBytes, lower = upper + RowsApart * RowBytes;
        Float4 scores = default;
        if (!TFragments.IsBytes)
        {
            scores = Multiply(scores, Memory.Weights(upper + place * 16), Memory.Weights(lower + place * 16), query.A);
            scores = Multiply(scores, Memory.Weights(upper + 64 + place * 16), Memory.Weights(lower + 64 + place * 16), query.B);
            if (TWidth.Blocks == 2) return scores;
            scores = Multiply(scores, Memory.Weights(upper + 128 + place * 16), Memory.Weights(lower + 128 + place * 16), query.C);
            return Multiply(scores, Memory.Weights(upper + 192 + place * 16), Memory.Weights(lower + 192 + place * 16), query.D);
        }
        UInt4 upperFirst = Bytes(upper, place), upperSecond = Bytes(upper, place + 4), lowerFirst = Bytes(lower, place), lowerSecond = Bytes(lower, place + 4);
        Float4 upperScales = Scales(keys, row + group, pageRows), lowerScales = Scales(keys, row + group + RowsApart, pageRows);
        AddBlock(ref scores, upperFirst.X, upperSecond.X, lowerFirst.X, lowerSecond.X, query.A, upperScales.X, lowerScales.X);
        AddBlock(ref scores, upperFirst.Y, upperSecond.Y, lowerFirst.Y, lowerSecond.Y, query.B, upperScales.Y, lowerScales.Y);
        if (TWidth.Blocks == 2) return scores;
        AddBlock(ref scores, upperFirst.Z, upperSecond.Z, lowerFirst.Z, lowerSecond.Z, query.C, upperScales.Z, lowerScales.Z);
        AddBlock(ref scores, upperFirst.W, upperSecond.W, lowerFirst.W, lowerSecond.W, query.D, upperScales.W, lowerScales.W);
        return scores;
    }

    /// <summary>Adds the values of the first <paramref name="seen"/> rows times the weights of positions g, g + 8 and heads 2t, 2t + 1.</summary>
    public static void AddValues(ref HeadSums sums, Float4 weights, long values, int row, int pageRows, int seen)
    {
        int group = Warp.LaneIdx >> 2, first = (Warp.LaneIdx & 3) * 2;
        long start = values + (long)(row + first) * RowBytes;
        if (!TFragments.IsBytes)
        {
            UInt2 turned = Turn(weights, 1, 1);
            AddPair(ref sums.A, ref sums.OddA, ref sums.B, ref sums.OddB, start + group * 16, turned, seen - first);
            if (TWidth.Blocks > 2) AddPair(ref sums.C, ref sums.OddC, ref sums.D, ref sums.OddD, start + 128 + group * 16, turned, seen - first);
            return;
        }
        Float4 upper = Scales(values, row + group, pageRows), lower = Scales(values, row + group + RowsApart, pageRows);
        // What lies in rows that are not seen may be anything, even NaN.
        if (group >= seen) upper = default;
        if (group + RowsApart >= seen) lower = default;
        UInt4 a = Bytes(start, group), b = Bytes(start + RowBytes, group);
        UInt4 c = Bytes(start + RowsApart * RowBytes, group), d = Bytes(start + (RowsApart + 1) * RowBytes, group);
        AddBlock(ref sums.A, ref sums.OddA, a.X, b.X, c.X, d.X, Turn(weights, upper.X, lower.X));
        AddBlock(ref sums.B, ref sums.OddB, a.Y, b.Y, c.Y, d.Y, Turn(weights, upper.Y, lower.Y));
        if (TWidth.Blocks == 2) return;
        AddBlock(ref sums.C, ref sums.OddC, a.Z, b.Z, c.Z, d.Z, Turn(weights, upper.Z, lower.Z));
        AddBlock(ref sums.D, ref sums.OddD, a.W, b.W, c.W, d.W, Turn(weights, upper.W, lower.W));
    }

    /// <summary>Writes the sums of head 2t, or 2t + 1.</summary>
    public static void Store(in HeadSums sums, long target, bool right)
    {
        int group = Warp.LaneIdx >> 2;
        target += group * (TFragments.IsBytes ? 16 : 32);
        Memory.Store(target, Four(sums.A, sums.OddA, right));
        Memory.Store(target + (TFragments.IsBytes ? 128 : 16), Four(sums.B, sums.OddB, right));
        if (TWidth.Blocks == 2) return;
        Memory.Store(target + 256, Four(sums.C, sums.OddC, right));
        Memory.Store(target + 256 + (TFragments.IsBytes ? 128 : 16), Four(sums.D, sums.OddD, right));
    }

    static int RowBytes => TFragments.IsBytes ? TWidth.Blocks * 32 : TWidth.Blocks * 64;

    /// <summary>Word <paramref name="index"/> of every block.</summary>
    public static UInt4 Bytes(long row, int index)
    {
        if (TWidth.Blocks == 4) return Memory.Weights(row + index * 16);
        UInt4 words = default;
        words.X = (uint)Memory.Int(row + index * 8);
        words.Y = (uint)Memory.Int(row + index * 8 + 4);
        return words;
    }

    /// <summary>The scale of every block.</summary>
    public static Float4 Scales(long part, int row, int pageRows)
    {
        long at = Q8Entry.Scale(part, row, 0, pageRows, TWidth.Blocks * 32);
        uint first = (uint)Memory.Int(at);
        Float4 scales = default;
        scales.X = Words.LowHalf(first);
        scales.Y = Words.HighHalf(first);
        if (TWidth.Blocks == 2) return scales;
        uint second = (uint)Memory.Int(at + 4);
        scales.Z = Words.LowHalf(second);
        scales.W = Words.HighHalf(second);
        return scales;
    }

    /// <summary>Four numbers in the format of the product.</summary>
    public static UInt2 Decode(uint word, float scale) =>
        Pair(TFragments.Pack(Byte0(word) * scale, Byte1(word) * scale), TFragments.Pack(Byte2(word) * scale, Byte3(word) * scale));

    static Float4 Multiply(Float4 scores, UInt4 upper, UInt4 lower, UInt4 query)
    {
        scores = TFragments.Multiply(scores, Fragment(upper.X, lower.X, upper.Y, lower.Y), Pair(query.X, query.Y));
        return TFragments.Multiply(scores, Fragment(upper.Z, lower.Z, upper.W, lower.W), Pair(query.Z, query.W));
    }

    static void AddBlock(ref Float4 scores, uint upper, uint upperSecond, uint lower, uint lowerSecond, UInt4 query, float upperScale, float lowerScale)
    {
        Float4 product = default;
        product = TFragments.Multiply(product, Fragment(LowBytes(upper), LowBytes(lower), HighBytes(upper), HighBytes(lower)), Pair(query.X, query.Y));
        product = TFragments.Multiply(
            product, Fragment(LowBytes(upperSecond), LowBytes(lowerSecond), HighBytes(upperSecond), HighBytes(lowerSecond)), Pair(query.Z, query.W));
        scores.X = Arithmetic.MultiplyAdd(product.X, upperScale, scores.X);
        scores.Y = Arithmetic.MultiplyAdd(product.Y, upperScale, scores.Y);
        scores.Z = Arithmetic.MultiplyAdd(product.Z, lowerScale, scores.Z);
        scores.W = Arithmetic.MultiplyAdd(product.W, lowerScale, scores.W);
    }

    /// <summary>Eight numbers of each of rows 2t, 2t + 1, 2t + 8, 2t + 9, as far as they are seen; else 0, for what lies there may be NaN.</summary>
    static void AddPair(ref Float4 a, ref Float4 oddA, ref Float4 b, ref Float4 oddB, long start, UInt2 weights, int seen)
    {
        UInt4 first = default, second = default, third = default, fourth = default;
        if (seen > 0) first = Memory.Weights(start);
        if (seen > 1) second = Memory.Weights(start + RowBytes);
        if (seen > RowsApart) third = Memory.Weights(start + RowsApart * RowBytes);
        if (seen > RowsApart + 1) fourth = Memory.Weights(start + (RowsApart + 1) * RowBytes);
        a = TFragments.Multiply(a, Rows(first.X, second.X, third.X, fourth.X), weights);
        oddA = TFragments.Multiply(oddA, Rows(first.Y, second.Y, third.Y, fourth.Y), weights);
        b = TFragments.Multiply(b, Rows(first.Z, second.Z, third.Z, fourth.Z), weights);
        oddB = TFragments.Multiply(oddB, Rows(first.W, second.W, third.W, fourth.W), weights);
    }

    /// <summary>A word, four numbers, of each of the four rows.</summary>
    static void AddBlock(ref Float4 sums, ref Float4 oddSums, uint a, uint b, uint c, uint d, UInt2 weights)
    {
        sums = TFragments.Multiply(sums, Fragment(Bytes0(a, b), Bytes1(a, b), Bytes0(c, d), Bytes1(c, d)), weights);
        oddSums = TFragments.Multiply(oddSums, Fragment(Bytes2(a, b), Bytes3(a, b), Bytes2(c, d), Bytes3(c, d)), weights);
    }

    static UInt4 Rows(uint a, uint b, uint c, uint d) =>
        Fragment(Arithmetic.LowHalves(a, b), Arithmetic.HighHalves(a, b), Arithmetic.LowHalves(c, d), Arithmetic.HighHalves(c, d));

    /// <summary>Weights of positions 2t, 2t + 1, 2t + 8, 2t + 9 for head g, times the scale of each position.</summary>
    static UInt2 Turn(Float4 weights, float upper, float lower) => Pair(
        TensorCore.Transpose(TFragments.Pack(weights.X * upper, weights.Y * upper)), TensorCore.Transpose(TFragments.Pack(weights.Z * lower, weights.W * lower)));

    static uint LowBytes(uint word) => TFragments.Pack(Byte0(word), Byte1(word));

    static uint HighBytes(uint word) => TFragments.Pack(Byte2(word), Byte3(word));

    static uint Bytes0(uint a, uint b) => TFragments.Pack(Byte0(a), Byte0(b));

    static uint Bytes1(uint a, uint b) => TFragments.Pack(Byte1(a), Byte1(b));

    static uint Bytes2(uint a, uint b) => TFragments.Pack(Byte2(a), Byte2(b));

    static uint Bytes3(uint a, uint b) => TFragments.Pack(Byte3(a), Byte3(b));

    static float Byte0(uint word) => Arithmetic.RaisedByte(word ^ 0x80808080, 0) - Raised;

    static float Byte1(uint word) => Arithmetic.RaisedByte(word ^ 0x80808080, 1) - Raised;

    static float Byte2(uint word) => Arithmetic.RaisedByte(word ^ 0x80808080, 2) - Raised;

    static float Byte3(uint word) => Arithmetic.RaisedByte(word ^ 0x80808080, 3) - Raised;

    static Float4 Four(Float4 sums, Float4 oddSums, bool right)
    {
        Float4 four = default;
        four.X = right ? sums.Y : sums.X;
        four.Y = right ? sums.W : sums.Z;
        four.Z = right ? oddSums.Y : oddSums.X;
        four.W = right ? oddSums.W : oddSums.Z;
        return four;
    }

    static UInt4 Fragment(uint x, uint y, uint z, uint w)
    {
        UInt4 fragment = default;
        fragment.X = x;
        fragment.Y = y;
        fragment.Z = z;
        fragment.W = w;
        return fragment;
    }

    static UInt2 Pair(uint x, uint y)
    {
        UInt2 pair = default;
        pair.X = x;
        pair.Y = y;
        return pair;
    }
}
