using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>2 outputs × 3 rows, in vectors of 256 bits: twelve sums and four registers left. At the border the last output and row are repeated.</summary>
readonly unsafe struct FloatTile : IFloatTile
{
    public static int Outputs => 2;

    public static int Rows => 3;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<TFormat, TBlock>(TBlock* weights, long rowBytes, int outputs, float* x, int rows, int count, float* sums, int stride, long ahead)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        int r1 = Math.Min(1, rows - 1), r2 = Math.Min(2, rows - 1);
        float* y = x + r1 * MatMulInput.PanelLength, z = x + r2 * MatMulInput.PanelLength;
        TBlock* v = weights, w = outputs > 1 ? (TBlock*)((byte*)weights + rowBytes) : weights;
        Vector256<float> vx0 = default, vx1 = default, vy0 = default, vy1 = default, vz0 = default, vz1 = default;
        Vector256<float> wx0 = default, wx1 = default, wy0 = default, wy1 = default, wz0 = default, wz1 = default;
        for (int i = 0; i < count; i += 16)
        {
            if (ahead != 0)
            {
                Prefetch.Near((byte*)(v + i) + ahead);
                Prefetch.Near((byte*)(w + i) + ahead);
            }
            // One vector of x at a time: with twelve sums there are four registers left.
            Vector256<float> v0 = TFormat.Load(v + i), w0 = TFormat.Load(w + i), input = Vector256.Load(x + i);
            vx0 = Lanes.MultiplyAdd(v0, input, vx0);
            wx0 = Lanes.MultiplyAdd(w0, input, wx0);
            input = Vector256.Load(y + i);
            vy0 = Lanes.MultiplyAdd(v0, input, vy0);
            wy0 = Lanes.MultiplyAdd(w0, input, wy0);
            input = Vector256.Load(z + i);
            vz0 = Lanes.MultiplyAdd(v0, input, vz0);
            wz0 = Lanes.MultiplyAdd(w0, input, wz0);
            v0 = TFormat.Load(v + i + 8);
            w0 = TFormat.Load(w + i + 8);
            input = Vector256.Load(x + i + 8);
            vx1 = Lanes.MultiplyAdd(v0, input, vx1);
            wx1 = Lanes.MultiplyAdd(w0, input, wx1);
            input = Vector256.Load(y + i + 8);
            vy1 = Lanes.MultiplyAdd(v0, input, vy1);
            wy1 = Lanes.MultiplyAdd(w0, input, wy1);
            input = Vector256.Load(z + i + 8);
            vz1 = Lanes.MultiplyAdd(v0, input, vz1);
            wz1 = Lanes.MultiplyAdd(w0, input, wz1);
        }
        float* second = outputs > 1 ? sums + stride : sums;
        // A repeated row or output writes the same number to the same place again: all are read before.
        float s0 = sums[0] + Lanes.Sum(vx0 + vx1), s1 = sums[r1] + Lanes.Sum(vy0 + vy1), s2 = sums[r2] + Lanes.Sum(vz0 + vz1);
        float t0 = second[0] + Lanes.Sum(wx0 + wx1), t1 = second[r1] + Lanes.Sum(wy0 + wy1), t2 = second[r2] + Lanes.Sum(wz0 + wz1);
        (sums[0], sums[r1], sums[r2]) = (s0, s1, s2);
        (second[0], second[r1], second[r2]) = (t0, t1, t2);
    }
}
