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
        int whole = count & -16;
        // Before the loop: a call after it would keep the sums in memory.
        if (whole < count) Decode(row, from + whole, count - whole, scratch);
        Vector256<float> s0 = default, s1 = default;
        for (int i = 0; i < whole; i += 16)
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
}
