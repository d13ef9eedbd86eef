using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>
/// The tile of <see cref="MatMulFloats{TRows}"/> in vectors of 512 bits, whose lanes are its sixteen sums: 4 outputs × 4 or 2 rows, enough sums that
/// none waits for the one before.
/// </summary>
static unsafe class WideFloatTile
{
    public const int Outputs = 4;

    /// <summary>Most rows of a tile.</summary>
    public const int Rows = 4;

    const int PanelLength = MatMulInput.PanelLength;

    /// <summary>Four panels of weights, one behind the other, times the panels of x of some rows, at most <see cref="Rows"/>.</summary>
    /// <param name="sums">Sums of the first output for four rows, there or not; those of the next are <paramref name="stride"/> floats further.</param>
    public static void Add(float* weights, float* x, int rows, int count, float* sums, int stride)
    {
        float* x1 = rows > 1 ? x + PanelLength : x;
        if (rows <= 2) AddTwo(weights, x, x1, count, sums, stride);
        else AddFour(weights, x, x1, x + 2 * PanelLength, rows > 3 ? x + 3 * PanelLength : x, count, sums, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddFour(float* weights, float* x0, float* x1, float* x2, float* x3, int count, float* sums, int stride)
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
        Vector512<float> b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        Vector512<float> d0 = default, d1 = default, d2 = default, d3 = default;
        for (int i = 0; i < count; i += 16)
        {
            Vector512<float> v0 = Vector512.Load(x0 + i), v1 = Vector512.Load(x1 + i), v2 = Vector512.Load(x2 + i), v3 = Vector512.Load(x3 + i);
            Vector512<float> w = Vector512.Load(weights + i);
            a0 = Vector512.MultiplyAddEstimate(w, v0, a0);
            a1 = Vector512.MultiplyAddEstimate(w, v1, a1);
            a2 = Vector512.MultiplyAddEstimate(w, v2, a2);
            a3 = Vector512.MultiplyAddEstimate(w, v3, a3);
            w = Vector512.Load(weights + PanelLength + i);
            b0 = Vector512.MultiplyAddEstimate(w, v0, b0);
            b1 = Vector512.MultiplyAddEstimate(w, v1, b1);
            b2 = Vector512.MultiplyAddEstimate(w, v2, b2);
            b3 = Vector512.MultiplyAddEstimate(w, v3, b3);
            w = Vector512.Load(weights + 2 * PanelLength + i);
            c0 = Vector512.MultiplyAddEstimate(w, v0, c0);
            c1 = Vector512.MultiplyAddEstimate(w, v1, c1);
            c2 = Vector512.MultiplyAddEstimate(w, v2, c2);
            c3 = Vector512.MultiplyAddEstimate(w, v3, c3);
            w = Vector512.Load(weights + 3 * PanelLength + i);
            d0 = Vector512.MultiplyAddEstimate(w, v0, d0);
            d1 = Vector512.MultiplyAddEstimate(w, v1, d1);
            d2 = Vector512.MultiplyAddEstimate(w, v2, d2);
            d3 = Vector512.MultiplyAddEstimate(w, v3, d3);
        }
        AddSums(a0, a1, a2, a3, sums);
        AddSums(b0, b1, b2, b3, sums + stride);
        AddSums(c0, c1, c2, c3, sums + 2 * stride);
        AddSums(d0, d1, d2, d3, sums + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTwo(float* weights, float* x0, float* x1, int count, float* sums, int stride)
    {
        Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        for (int i = 0; i < count; i += 16)
        {
            Vector512<float> v0 = Vector512.Load(x0 + i), v1 = Vector512.Load(x1 + i);
            Vector512<float> w = Vector512.Load(weights + i);
            a0 = Vector512.MultiplyAddEstimate(w, v0, a0);
            a1 = Vector512.MultiplyAddEstimate(w, v1, a1);
            w = Vector512.Load(weights + PanelLength + i);
            b0 = Vector512.MultiplyAddEstimate(w, v0, b0);
            b1 = Vector512.MultiplyAddEstimate(w, v1, b1);
            w = Vector512.Load(weights + 2 * PanelLength + i);
            c0 = Vector512.MultiplyAddEstimate(w, v0, c0);
            c1 = Vector512.MultiplyAddEstimate(w, v1, c1);
            w = Vector512.Load(weights + 3 * PanelLength + i);
            d0 = Vector512.MultiplyAddEstimate(w, v0, d0);
            d1 = Vector512.MultiplyAddEstimate(w, v1, d1);
        }
        AddSums(a0, a1, default, default, sums);
        AddSums(b0, b1, default, default, sums + stride);
        AddSums(c0, c1, default, default, sums + 2 * stride);
        AddSums(d0, d1, default, default, sums + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* sums) =>
        (Vector128.Load(sums) + Lanes.Sums(Half(a), Half(b), Half(c), Half(d))).Store(sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Half(Vector512<float> v) => v.GetLower() + v.GetUpper();
}
