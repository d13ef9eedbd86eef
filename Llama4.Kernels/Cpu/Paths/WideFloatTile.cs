using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>
/// 4 outputs × 4 or 2 rows in vectors of 512 bits, whose lanes are the sixteen sums; enough sums that none waits for the one before.
/// What is missing at the border is the first output or row again, into sums that nobody reads.
/// </summary>
readonly unsafe struct WideFloatTile : IFloatTile
{
    const int PanelLength = MatMulInput.PanelLength;

    public static int Outputs => 4;

    public static int Rows => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<TFormat, TBlock>(TBlock* weights, long rowBytes, int outputs, float* x, int rows, int count, float* sums, int stride, long ahead)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        TBlock* w1 = outputs > 1 ? (TBlock*)((byte*)weights + rowBytes) : weights;
        TBlock* w2 = outputs > 2 ? (TBlock*)((byte*)weights + 2 * rowBytes) : weights;
        TBlock* w3 = outputs > 3 ? (TBlock*)((byte*)weights + 3 * rowBytes) : weights;
        float* x1 = rows > 1 ? x + PanelLength : x;
        if (rows <= 2) AddTwo<TFormat, TBlock>(weights, w1, w2, w3, x, x1, count, sums, stride, ahead);
        else AddFour<TFormat, TBlock>(weights, w1, w2, w3, x, x1, x + 2 * PanelLength, rows > 3 ? x + 3 * PanelLength : x, count, sums, stride, ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddFour<TFormat, TBlock>(
        TBlock* w0, TBlock* w1, TBlock* w2, TBlock* w3, float* x0, float* x1, float* x2, float* x3, int count, float* sums, int stride, long ahead)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
        Vector512<float> b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        Vector512<float> d0 = default, d1 = default, d2 = default, d3 = default;
        for (int i = 0; i < count; i += 32)
        {
            if (ahead != 0) AskFor(w0 + i, w1 + i, w2 + i, w3 + i, ahead);
            Vector512<float> x0l = Vector512.Load(x0 + i), x1l = Vector512.Load(x1 + i), x2l = Vector512.Load(x2 + i), x3l = Vector512.Load(x3 + i);
            Vector512<float> x0h = Vector512.Load(x0 + i + 16), x1h = Vector512.Load(x1 + i + 16), x2h = Vector512.Load(x2 + i + 16), x3h = Vector512.Load(x3 + i + 16);
            (Vector512<float> low, Vector512<float> high) = TFormat.LoadWide(w0 + i);
            a0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, a0));
            a1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, a1));
            a2 = MultiplyAdd(high, x2h, MultiplyAdd(low, x2l, a2));
            a3 = MultiplyAdd(high, x3h, MultiplyAdd(low, x3l, a3));
            (low, high) = TFormat.LoadWide(w1 + i);
            b0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, b0));
            b1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, b1));
            b2 = MultiplyAdd(high, x2h, MultiplyAdd(low, x2l, b2));
            b3 = MultiplyAdd(high, x3h, MultiplyAdd(low, x3l, b3));
            (low, high) = TFormat.LoadWide(w2 + i);
            c0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, c0));
            c1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, c1));
            c2 = MultiplyAdd(high, x2h, MultiplyAdd(low, x2l, c2));
            c3 = MultiplyAdd(high, x3h, MultiplyAdd(low, x3l, c3));
            (low, high) = TFormat.LoadWide(w3 + i);
            d0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, d0));
            d1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, d1));
            d2 = MultiplyAdd(high, x2h, MultiplyAdd(low, x2l, d2));
            d3 = MultiplyAdd(high, x3h, MultiplyAdd(low, x3l, d3));
        }
        if (Avx512F.IsSupported)
        {
            AddSums(Sums(FourSums(a0, b0, c0, d0), FourSums(a1, b1, c1, d1), FourSums(a2, b2, c2, d2), FourSums(a3, b3, c3, d3)), sums, stride);
            return;
        }
        AddPortably(a0, a1, a2, a3, sums);
        AddPortably(b0, b1, b2, b3, sums + stride);
        AddPortably(c0, c1, c2, c3, sums + 2 * stride);
        AddPortably(d0, d1, d2, d3, sums + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTwo<TFormat, TBlock>(
        TBlock* w0, TBlock* w1, TBlock* w2, TBlock* w3, float* x0, float* x1, int count, float* sums, int stride, long ahead)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        for (int i = 0; i < count; i += 32)
        {
            if (ahead != 0) AskFor(w0 + i, w1 + i, w2 + i, w3 + i, ahead);
            Vector512<float> x0l = Vector512.Load(x0 + i), x1l = Vector512.Load(x1 + i), x0h = Vector512.Load(x0 + i + 16), x1h = Vector512.Load(x1 + i + 16);
            (Vector512<float> low, Vector512<float> high) = TFormat.LoadWide(w0 + i);
            a0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, a0));
            a1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, a1));
            (low, high) = TFormat.LoadWide(w1 + i);
            b0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, b0));
            b1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, b1));
            (low, high) = TFormat.LoadWide(w2 + i);
            c0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, c0));
            c1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, c1));
            (low, high) = TFormat.LoadWide(w3 + i);
            d0 = MultiplyAdd(high, x0h, MultiplyAdd(low, x0l, d0));
            d1 = MultiplyAdd(high, x1h, MultiplyAdd(low, x1l, d1));
        }
        if (Avx512F.IsSupported)
        {
            AddSums(Sums(FourSums(a0, b0, c0, d0), FourSums(a1, b1, c1, d1), default, default), sums, stride);
            return;
        }
        AddPortably(a0, a1, default, default, sums);
        AddPortably(b0, b1, default, default, sums + stride);
        AddPortably(c0, c1, default, default, sums + 2 * stride);
        AddPortably(d0, d1, default, default, sums + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AskFor<TBlock>(TBlock* w0, TBlock* w1, TBlock* w2, TBlock* w3, long ahead)
        where TBlock : unmanaged
    {
        Prefetch.Near((byte*)w0 + ahead);
        Prefetch.Near((byte*)w1 + ahead);
        Prefetch.Near((byte*)w2 + ahead);
        Prefetch.Near((byte*)w3 + ahead);
    }

    /// <summary>Of each vector four sums of four lanes, as <see cref="Lanes.Sum"/> adds its two halves and then the halves of that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> FourSums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector512<float> ab = Avx512F.Shuffle4x128(a, b, 0b01_00_01_00) + Avx512F.Shuffle4x128(a, b, 0b11_10_11_10);
        Vector512<float> cd = Avx512F.Shuffle4x128(c, d, 0b01_00_01_00) + Avx512F.Shuffle4x128(c, d, 0b11_10_11_10);
        return Avx512F.Shuffle4x128(ab, cd, 0b10_00_10_00) + Avx512F.Shuffle4x128(ab, cd, 0b11_01_11_01);
    }

    /// <summary>The rest of these sums: quarter o holds output o's of the four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<float> Sums(Vector512<float> row0, Vector512<float> row1, Vector512<float> row2, Vector512<float> row3)
    {
        Vector512<double> r0 = row0.AsDouble(), r1 = row1.AsDouble(), r2 = row2.AsDouble(), r3 = row3.AsDouble();
        Vector512<float> low = Avx512F.UnpackLow(r0, r1).AsSingle() + Avx512F.UnpackHigh(r0, r1).AsSingle();
        Vector512<float> high = Avx512F.UnpackLow(r2, r3).AsSingle() + Avx512F.UnpackHigh(r2, r3).AsSingle();
        return Avx512F.Shuffle(low, high, 0b10_00_10_00) + Avx512F.Shuffle(low, high, 0b11_01_11_01);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSums(Vector512<float> tile, float* sums, int stride)
    {
        (Vector128.Load(sums) + tile.GetLower().GetLower()).Store(sums);
        (Vector128.Load(sums + stride) + tile.GetLower().GetUpper()).Store(sums + stride);
        (Vector128.Load(sums + 2 * stride) + tile.GetUpper().GetLower()).Store(sums + 2 * stride);
        (Vector128.Load(sums + 3 * stride) + tile.GetUpper().GetUpper()).Store(sums + 3 * stride);
    }

    /// <summary>One output's sums, where the instructions are not there; nobody waits for this.</summary>
    static void AddPortably(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* sums) =>
        (Vector128.Load(sums) + Lanes.Sums(a.GetLower() + a.GetUpper(), b.GetLower() + b.GetUpper(), c.GetLower() + c.GetUpper(), d.GetLower() + d.GetUpper())).Store(sums);
}
