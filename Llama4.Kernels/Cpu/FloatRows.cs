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
        TBlock* source = (TBlock*)row + from;
        int i = 0;
        for (; i <= count - 8; i += 8) TFormat.Load(source + i).Store(target + i);
        for (; i < count; i++) target[i] = TFormat.Decode(in source[i], 0);
        for (; (i & 15) != 0; i++) target[i] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(byte* row, int from, int count, float* x, float* scratch)
    {
        TBlock* w = (TBlock*)row + from;
        Vector256<float> s0 = default, s1 = default;
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            s0 = Lanes.MultiplyAdd(TFormat.Load(w + i), Vector256.Load(x + i), s0);
            s1 = Lanes.MultiplyAdd(TFormat.Load(w + i + 8), Vector256.Load(x + i + 8), s1);
        }
        if (i < count)
        {
            Decode(row, from + i, count - i, scratch);
            s0 = Lanes.MultiplyAdd(Vector256.Load(scratch), Vector256.Load(x + i), s0);
            s1 = Lanes.MultiplyAdd(Vector256.Load(scratch + 8), Vector256.Load(x + i + 8), s1);
        }
        return Lanes.Sum(s0 + s1);
    }

    /// <summary>Both panels side by side: one alone is bound by the time from one addition to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float AddTwoPanels(byte* row, int from, float* x, float* next, float sum, float* scratch)
    {
        TBlock* w = (TBlock*)row + from;
        Vector256<float> s0 = default, s1 = default, t0 = default, t1 = default;
        for (int i = 0; i < MatMulInput.PanelLength; i += 16)
        {
            s0 = Lanes.MultiplyAdd(TFormat.Load(w + i), Vector256.Load(x + i), s0);
            s1 = Lanes.MultiplyAdd(TFormat.Load(w + i + 8), Vector256.Load(x + i + 8), s1);
            t0 = Lanes.MultiplyAdd(TFormat.Load(w + MatMulInput.PanelLength + i), Vector256.Load(next + i), t0);
            t1 = Lanes.MultiplyAdd(TFormat.Load(w + MatMulInput.PanelLength + i + 8), Vector256.Load(next + i + 8), t1);
        }
        return sum + Lanes.Sum(s0 + s1) + Lanes.Sum(t0 + t1);
    }
}
