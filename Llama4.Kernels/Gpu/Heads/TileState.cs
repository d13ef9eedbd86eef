using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>A warp's 16 rows of queries as fragments, one for each 16 numbers of a head.</summary>
struct TileQuery
{
    public UInt4 A, B, C, D, E, F, G, H;
}

/// <summary>Scores, then weights, of a warp's 16 rows at 64 positions: 8 positions in each; lane (g, t) has rows g, g + 8 and positions 2t, 2t + 1.</summary>
struct TileScores
{
    public Float4 A, B, C, D, E, F, G, H;

    /// <summary>Leaves the first positions only.</summary>
    /// <param name="upper">How many of them the upper row of the lane sees.</param>
    /// <param name="place">The lane's t.</param>
    public void Mask(int upper, int lower, int place)
    {
        upper -= 2 * place;
        lower -= 2 * place;
        Mask(ref A, upper, lower);
        Mask(ref B, upper - 8, lower - 8);
        Mask(ref C, upper - 16, lower - 16);
        Mask(ref D, upper - 24, lower - 24);
        Mask(ref E, upper - 32, lower - 32);
        Mask(ref F, upper - 40, lower - 40);
        Mask(ref G, upper - 48, lower - 48);
        Mask(ref H, upper - 56, lower - 56);
    }

    static void Mask(ref Float4 scores, int upper, int lower)
    {
        if (upper < 1) scores.X = float.NegativeInfinity;
        if (upper < 2) scores.Y = float.NegativeInfinity;
        if (lower < 1) scores.Z = float.NegativeInfinity;
        if (lower < 2) scores.W = float.NegativeInfinity;
    }
}

/// <summary>Weighted sums of a warp's 16 rows: two accumulators for each 16 numbers of a head.</summary>
struct TileSums
{
    public Float4 A, OddA, B, OddB, C, OddC, D, OddD, E, OddE, F, OddF, G, OddG, H, OddH;
}

/// <summary>Softmax of a warp's 16 rows over the positions so far: upper is a lane's row g, lower its row g + 8.</summary>
struct TileState
{
    public TileSums Sums;
    public float UpperLargest, LowerLargest;

    /// <summary>Of this lane's positions alone.</summary>
    public float UpperWeights, LowerWeights;

    public static TileState Empty()
    {
        TileState state = default;
        state.UpperLargest = state.LowerLargest = float.NegativeInfinity;
        return state;
    }

    /// <summary>Turns scores to weights; what there is so far is scaled to match.</summary>
    public void Weigh(ref TileScores s)
    {
        float upper = Larger(Larger(Larger(s.A.X, s.A.Y), Larger(s.B.X, s.B.Y)), Larger(Larger(s.C.X, s.C.Y), Larger(s.D.X, s.D.Y)));
        float lower = Larger(Larger(Larger(s.A.Z, s.A.W), Larger(s.B.Z, s.B.W)), Larger(Larger(s.C.Z, s.C.W), Larger(s.D.Z, s.D.W)));
        upper = Larger(upper, Larger(Larger(Larger(s.E.X, s.E.Y), Larger(s.F.X, s.F.Y)), Larger(Larger(s.G.X, s.G.Y), Larger(s.H.X, s.H.Y))));
        lower = Larger(lower, Larger(Larger(Larger(s.E.Z, s.E.W), Larger(s.F.Z, s.F.W)), Larger(Larger(s.G.Z, s.G.W), Larger(s.H.Z, s.H.W))));
        upper = RowMax(Larger(upper, UpperLargest));
        lower = RowMax(Larger(lower, LowerLargest));
        // A row that has seen nothing yet keeps its sums, which are 0.
        float upperBase = upper == float.NegativeInfinity ? 0 : upper, lowerBase = lower == float.NegativeInfinity ? 0 : lower;
        Scale(Arithmetic.Exp2(UpperLargest - upperBase), Arithmetic.Exp2(LowerLargest - lowerBase));
        UpperLargest = upper;
        LowerLargest = lower;
        Take(ref s.A, upperBase, lowerBase);
        Take(ref s.B, upperBase, lowerBase);
        Take(ref s.C, upperBase, lowerBase);
        Take(ref s.D, upperBase, lowerBase);
        Take(ref s.E, upperBase, lowerBase);
        Take(ref s.F, upperBase, lowerBase);
        Take(ref s.G, upperBase, lowerBase);
        Take(ref s.H, upperBase, lowerBase);
    }

    /// <summary>The sum over the lanes of the same rows.</summary>
    public static float RowSum(float value)
    {
        value += Lanes.Other(value, 1);
        return value + Lanes.Other(value, 2);
    }

    static float RowMax(float value)
    {
        value = Larger(value, Lanes.Other(value, 1));
        return Larger(value, Lanes.Other(value, 2));
    }

    void Take(ref Float4 scores, float upper, float lower)
    {
        scores.X = Arithmetic.Exp2(scores.X - upper);
        scores.Y = Arithmetic.Exp2(scores.Y - upper);
        scores.Z = Arithmetic.Exp2(scores.Z - lower);
        scores.W = Arithmetic.Exp2(scores.W - lower);
        UpperWeights += scores.X + scores.Y;
        LowerWeights += scores.Z + scores.W;
    }

    void Scale(float upper, float lower)
    {
        UpperWeights *= upper;
        LowerWeights *= lower;
        Scale(ref Sums.A, ref Sums.OddA, upper, lower);
        Scale(ref Sums.B, ref Sums.OddB, upper, lower);
        Scale(ref Sums.C, ref Sums.OddC, upper, lower);
        Scale(ref Sums.D, ref Sums.OddD, upper, lower);
        Scale(ref Sums.E, ref Sums.OddE, upper, lower);
        Scale(ref Sums.F, ref Sums.OddF, upper, lower);
        Scale(ref Sums.G, ref Sums.OddG, upper, lower);
        Scale(ref Sums.H, ref Sums.OddH, upper, lower);
    }

    static void Scale(ref Float4 even, ref Float4 odd, float upper, float lower)
    {
        even.X *= upper;
        even.Y *= upper;
        even.Z *= lower;
        even.W *= lower;
        odd.X *= upper;
        odd.Y *= upper;
        odd.Z *= lower;
        odd.W *= lower;
    }

    static float Larger(float a, float b) => a > b ? a : b;
}
