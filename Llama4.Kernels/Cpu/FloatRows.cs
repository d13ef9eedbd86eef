using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>Rows of a format of single numbers: converted on the way into the registers.</summary>
readonly unsafe struct FloatRows<TFormat, TBlock> : IWeightRows
    where TFormat : struct, IFloatFormat<TBlock>
    where TBlock : unmanaged
{
    const int Step = MatMulInput.PanelStep;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode(byte* row, int from, int count, float* target) =>
        FloatVectors.DecodePadded<TFormat, TBlock>((TBlock*)row + from, count, target, MatMulInput.Padded(count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(byte* row, int from, int count, float* x, float* scratch) =>
        FloatVectors.AreWide ? DotWide(row, from, count, x, scratch) : DotNarrow(row, from, count, x, scratch);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryAddTile<TTile>(byte* row, long rowBytes, int outputs, int from, int count, float* x, int rows, float* sums, int stride, long ahead)
        where TTile : struct, IFloatTile
    {
        if (count % Step != 0) return false;
        TTile.Add<TFormat, TBlock>((TBlock*)row + from, rowBytes, outputs, x, rows, count, sums, stride, ahead);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float DotNarrow(byte* row, int from, int count, float* x, float* scratch)
    {
        TBlock* w = (TBlock*)row + from;
        int whole = count / Step * Step;
        // Before the loop: a call after it would keep the sums in memory.
        if (whole < count) Decode(row, from + whole, count - whole, scratch);
        Vector256<float> s0 = default, s1 = default;
        for (int i = 0; i < whole; i += Step)
        {
            Prefetch.Stream((byte*)(w + i), Step * sizeof(TBlock));
            (Vector256<float> w0, Vector256<float> w1, Vector256<float> w2, Vector256<float> w3) = TFormat.LoadFour(w + i);
            s0 = Lanes.MultiplyAdd(w0, Vector256.Load(x + i), s0);
            s1 = Lanes.MultiplyAdd(w1, Vector256.Load(x + i + 8), s1);
            s0 = Lanes.MultiplyAdd(w2, Vector256.Load(x + i + 16), s0);
            s1 = Lanes.MultiplyAdd(w3, Vector256.Load(x + i + 24), s1);
        }
        if (whole < count)
        {
            s0 = Lanes.MultiplyAdd(Vector256.Load(scratch), Vector256.Load(x + whole), s0);
            s1 = Lanes.MultiplyAdd(Vector256.Load(scratch + 8), Vector256.Load(x + whole + 8), s1);
            s0 = Lanes.MultiplyAdd(Vector256.Load(scratch + 16), Vector256.Load(x + whole + 16), s0);
            s1 = Lanes.MultiplyAdd(Vector256.Load(scratch + 24), Vector256.Load(x + whole + 24), s1);
        }
        return Lanes.Sum(s0 + s1);
    }

    /// <summary>The sixteen sums in one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float DotWide(byte* row, int from, int count, float* x, float* scratch)
    {
        TBlock* w = (TBlock*)row + from;
        int whole = count / Step * Step;
        if (whole < count) Decode(row, from + whole, count - whole, scratch);
        Vector512<float> sum = default;
        for (int i = 0; i < whole; i += Step)
        {
            Prefetch.Stream((byte*)(w + i), Step * sizeof(TBlock));
            (Vector512<float> first, Vector512<float> second) = TFormat.LoadWide(w + i);
            sum = Vector512.MultiplyAddEstimate(first, Vector512.Load(x + i), sum);
            sum = Vector512.MultiplyAddEstimate(second, Vector512.Load(x + i + 16), sum);
        }
        if (whole < count)
        {
            sum = Vector512.MultiplyAddEstimate(Vector512.Load(scratch), Vector512.Load(x + whole), sum);
            sum = Vector512.MultiplyAddEstimate(Vector512.Load(scratch + 16), Vector512.Load(x + whole + 16), sum);
        }
        return Lanes.Sum(sum.GetLower() + sum.GetUpper());
    }
}
