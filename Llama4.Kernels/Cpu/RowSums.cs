using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

/// <summary>Sums over one row in a fixed order: 32 lanes, then a tree.</summary>
static unsafe class RowSums
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* row, int count)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        int i = 0;
        for (; i <= count - 4 * Lanes.Count; i += 4 * Lanes.Count)
        {
            s0 += Vector256.Load(row + i);
            s1 += Vector256.Load(row + i + 8);
            s2 += Vector256.Load(row + i + 16);
            s3 += Vector256.Load(row + i + 24);
        }
        for (; i <= count - Lanes.Count; i += Lanes.Count) s0 += Vector256.Load(row + i);
        if (i < count) s1 += Lanes.LoadPart(row + i, count - i);
        return Lanes.Sum((s0 + s1) + (s2 + s3));
    }

    /// <summary>Σ (x − center)².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfSquares(float* row, float center, int count)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var middle = Vector256.Create(center);
        int i = 0;
        for (; i <= count - 4 * Lanes.Count; i += 4 * Lanes.Count)
        {
            s0 = AddSquare(Vector256.Load(row + i) - middle, s0);
            s1 = AddSquare(Vector256.Load(row + i + 8) - middle, s1);
            s2 = AddSquare(Vector256.Load(row + i + 16) - middle, s2);
            s3 = AddSquare(Vector256.Load(row + i + 24) - middle, s3);
        }
        for (; i <= count - Lanes.Count; i += Lanes.Count) s0 = AddSquare(Vector256.Load(row + i) - middle, s0);
        for (; i < count; i++)
        {
            // A padded lane would count (0 − center)²; one number at a time does not.
            s1 = AddSquare(Vector256.CreateScalar(row[i] - center), s1);
        }
        return Lanes.Sum((s0 + s1) + (s2 + s3));
    }

    static Vector256<float> AddSquare(Vector256<float> x, Vector256<float> sum) => Lanes.MultiplyAdd(x, x, sum);
}
