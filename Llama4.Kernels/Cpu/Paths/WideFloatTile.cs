using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>
/// The tile of <see cref="MatMulFloats{TRows}"/> in vectors of 512 bits, whose lanes are its sixteen sums: 4 outputs × 3 rows, enough sums that
/// none waits for the one before.
/// </summary>
static unsafe class WideFloatTile
{
    public const int Outputs = 4;

    const int PanelLength = MatMulInput.PanelLength;

    /// <summary>Four panels of weights, one behind the other, times the panels of x of rows 0, <paramref name="r1"/> and <paramref name="r2"/>.</summary>
    /// <param name="sums">Sums of the first output; those of the next are <paramref name="stride"/> floats further.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* weights, float* x, int r1, int r2, int count, float* sums, int stride)
    {
        float* y = x + r1 * PanelLength, z = x + r2 * PanelLength;
        Vector512<float> ax = default, ay = default, az = default, bx = default, by = default, bz = default;
        Vector512<float> cx = default, cy = default, cz = default, dx = default, dy = default, dz = default;
        for (int i = 0; i < count; i += 16)
        {
            Vector512<float> vx = Vector512.Load(x + i), vy = Vector512.Load(y + i), vz = Vector512.Load(z + i), w = Vector512.Load(weights + i);
            ax = Vector512.MultiplyAddEstimate(w, vx, ax);
            ay = Vector512.MultiplyAddEstimate(w, vy, ay);
            az = Vector512.MultiplyAddEstimate(w, vz, az);
            w = Vector512.Load(weights + PanelLength + i);
            bx = Vector512.MultiplyAddEstimate(w, vx, bx);
            by = Vector512.MultiplyAddEstimate(w, vy, by);
            bz = Vector512.MultiplyAddEstimate(w, vz, bz);
            w = Vector512.Load(weights + 2 * PanelLength + i);
            cx = Vector512.MultiplyAddEstimate(w, vx, cx);
            cy = Vector512.MultiplyAddEstimate(w, vy, cy);
            cz = Vector512.MultiplyAddEstimate(w, vz, cz);
            w = Vector512.Load(weights + 3 * PanelLength + i);
            dx = Vector512.MultiplyAddEstimate(w, vx, dx);
            dy = Vector512.MultiplyAddEstimate(w, vy, dy);
            dz = Vector512.MultiplyAddEstimate(w, vz, dz);
        }
        AddSums(ax, ay, az, r1, r2, sums);
        AddSums(bx, by, bz, r1, r2, sums + stride);
        AddSums(cx, cy, cz, r1, r2, sums + 2 * stride);
        AddSums(dx, dy, dz, r1, r2, sums + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSums(Vector512<float> x, Vector512<float> y, Vector512<float> z, int r1, int r2, float* sums)
    {
        // A repeated row writes the same number to the same place again: all are read before.
        float s0 = sums[0] + Sum(x), s1 = sums[r1] + Sum(y), s2 = sums[r2] + Sum(z);
        (sums[0], sums[r1], sums[r2]) = (s0, s1, s2);
    }

    static float Sum(Vector512<float> v) => Lanes.Sum(v.GetLower() + v.GetUpper());
}
