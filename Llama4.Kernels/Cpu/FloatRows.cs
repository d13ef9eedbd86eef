using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>Rows of a format of single numbers: converted on the way into the registers.</summary>
readonly unsafe struct FloatRows<TFormat, TBlock> : IWeightRows
    where TFormat : struct, IFloatFormat<TBlock>
    where TBlock : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(byte* row, int from, int count, float* target)
    {
        FloatVectors.Decode<TFormat, TBlock>((TBlock*)row + from, count, target);
        for (int i = count; (i & 15) != 0; i++) target[i] = 0;
    }

    public static float Dot(byte* row, int from, int count, float* x, float* scratch) =>
        FloatVectors.AreWide ? DotWide(row, from, count, x, scratch) : DotNarrow(row, from, count, x, scratch);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float DotNarrow(byte* row, int from, int count, float* x, float* scratch)
    {
        TBlock* w = (TBlock*)row + from;
        int whole = count & -16;
        // Before the loop: a call after it would keep the sums in memory.
        if (whole < count) Decode(row, from + whole, count - whole, scratch);
        Vector256<float> s0 = default, s1 = default;
        int i = 0;
        for (; i <= whole - 32; i += 32)
        {
            Prefetch.Stream((byte*)(w + i), 32 * sizeof(TBlock));
            (Vector256<float> w0, Vector256<float> w1, Vector256<float> w2, Vector256<float> w3) = TFormat.LoadFour(w + i);
            s0 = Lanes.MultiplyAdd(w0, Vector256.Load(x + i), s0);
            s1 = Lanes.MultiplyAdd(w1, Vector256.Load(x + i + 8), s1);
            s0 = Lanes.MultiplyAdd(w2, Vector256.Load(x + i + 16), s0);
            s1 = Lanes.MultiplyAdd(w3, Vector256.Load(x + i + 24), s1);
        }
        if (i < whole)
        {
            Prefetch.Stream((byte*)(w + i), 16 * sizeof(TBlock));
            s0 = Lanes.MultiplyAdd(TFormat.Load(w + i), Vector256.Load(x + i), s0);
            s1 = Lanes.MultiplyAdd(TFormat.Load(w + i + 8), Vector256.Load(x + i + 8), s1);
        }
        if (whole < count)
        {
            s0 = Lanes.MultiplyAdd(Vector256.Load(scratch), Vector256.Load(x + whole), s0);
            s1 = Lanes.MultiplyAdd(Vector256.Load(scratch + 8), Vector256.Load(x + whole + 8), s1);
        }
        return Lanes.Sum(s0 + s1);
    }

    /// <summary>The sixteen sums in one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float DotWide(byte* row, int from, int count, float* x, float* scratch)
    {
        TBlock* w = (TBlock*)row + from;
        int whole = count & -32;
        if (whole < count) Decode(row, from + whole, count - whole, scratch);
        Vector512<float> sum = default;
        for (int i = 0; i < whole; i += 32)
        {
            Prefetch.Stream((byte*)(w + i), 32 * sizeof(TBlock));
            (Vector512<float> first, Vector512<float> second) = TFormat.LoadWide(w + i);
            sum = Vector512.MultiplyAddEstimate(first, Vector512.Load(x + i), sum);
            sum = Vector512.MultiplyAddEstimate(second, Vector512.Load(x + i + 16), sum);
        }
        for (int i = whole; i < count; i += 16)
            sum = Vector512.MultiplyAddEstimate(Vector512.Load(scratch + i - whole), Vector512.Load(x + i), sum);
        return Lanes.Sum(sum.GetLower() + sum.GetUpper());
    }
}
