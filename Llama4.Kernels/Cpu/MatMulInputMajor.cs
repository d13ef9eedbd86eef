using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Weights whose rows belong to inputs, times float inputs: each output adds up its products in the order of the inputs.
/// The lanes are outputs; the last columns are padded with zeros to a vector.
/// </summary>
sealed unsafe class MatMulInputMajor<TFormat, TBlock> : MatMulKernel
    where TFormat : struct, IFloatFormat<TBlock>
    where TBlock : unmanaged
{
    const int FewestTileRows = 3;

    // Columns of a strip of the tiles, and inputs whose weights are decoded at a time: together they stay in the cache.
    const int StripColumns = 16;
    const int BlockInputs = 128;
    const int TileItemColumns = 256;

    // A shorter piece of a row is less than two cache lines of 16-bit numbers.
    const int LeastItemColumns = 64;

    public override int ItemOutputs(in MatMulPart part, long fair)
    {
        // With one row, pieces of each weight row as long as leave four items to a thread.
        long columns = part.Rows < FewestTileRows ? fair * (MatMulCall.ItemsPerThread / 4) : Math.Min(fair, TileItemColumns);
        return (int)Math.Clamp(columns / StripColumns * StripColumns, LeastItemColumns, Round(Math.Max(LeastItemColumns, part.Outputs)));
    }

    public override long ScratchBytes(in MatMulPart part, MatMulInput input)
    {
        long sums = (long)Math.Min(part.ItemOutputs, Round(part.Outputs)) * part.Rows;
        return (sums + BlockInputs * TileItemColumns) * sizeof(float);
    }

    public override void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        float* sums = (float*)scratch;
        int columns = Round(to - from);
        new Span<float>(sums, columns * part.Rows).Clear();
        if (part.Rows < FewestTileRows)
            for (int row = 0; row < part.Rows; row++) RunRow(part, input, row, from, to - from, sums + row * columns);
        else
            for (int i = 0; i < input.Columns; i += BlockInputs)
                AddInputs(part, input, i, Math.Min(BlockInputs, input.Columns - i), from, to - from, sums, sums + columns * part.Rows);
        for (int row = 0; row < part.Rows; row++)
            for (int i = 0; i < to - from; i++) part.Store(row, from + i, sums[row * columns + i]);
    }

    static int Round(int columns) => (columns + StripColumns - 1) / StripColumns * StripColumns;

    static float* InputAt(MatMulInput input, int index, int row) =>
        input.Panel(index / MatMulInput.PanelLength, row) + index % MatMulInput.PanelLength;

    static void RunRow(in MatMulPart part, MatMulInput input, int row, int from, int columns, float* sums)
    {
        int i = 0;
        for (; i + 4 <= input.Columns; i += 4)
            AddFourInputs(part.Weights + i * part.RowBytes, part.RowBytes, from, columns, InputAt(input, i, part.FirstRow + row), sums);
        for (; i < input.Columns; i++)
            AddInput((TBlock*)(part.Weights + i * part.RowBytes) + from, columns, *InputAt(input, i, part.FirstRow + row), sums);
    }

    /// <summary>Four inputs, one after the other, while the sums are in registers. A panel holds a multiple of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddFourInputs(byte* weights, long rowBytes, int from, int columns, float* x, float* sums)
    {
        TBlock* w0 = (TBlock*)weights + from, w1 = (TBlock*)(weights + rowBytes) + from;
        TBlock* w2 = (TBlock*)(weights + 2 * rowBytes) + from, w3 = (TBlock*)(weights + 3 * rowBytes) + from;
        Vector256<float> x0 = Vector256.Create(x[0]), x1 = Vector256.Create(x[1]), x2 = Vector256.Create(x[2]), x3 = Vector256.Create(x[3]);
        int c = 0;
        for (; c <= columns - 8; c += 8)
        {
            Vector256<float> sum = Lanes.MultiplyAdd(TFormat.Load(w0 + c), x0, Vector256.Load(sums + c));
            sum = Lanes.MultiplyAdd(TFormat.Load(w1 + c), x1, sum);
            sum = Lanes.MultiplyAdd(TFormat.Load(w2 + c), x2, sum);
            Lanes.MultiplyAdd(TFormat.Load(w3 + c), x3, sum).Store(sums + c);
        }
        if (c == columns) return;
        AddInput(w0 + c, columns - c, x[0], sums + c);
        AddInput(w1 + c, columns - c, x[1], sums + c);
        AddInput(w2 + c, columns - c, x[2], sums + c);
        AddInput(w3 + c, columns - c, x[3], sums + c);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddInput(TBlock* weights, int columns, float x, float* sums)
    {
        var factor = Vector256.Create(x);
        int c = 0;
        for (; c <= columns - 8; c += 8)
            Lanes.MultiplyAdd(TFormat.Load(weights + c), factor, Vector256.Load(sums + c)).Store(sums + c);
        if (c == columns) return;
        float* tail = stackalloc float[StripColumns];
        FloatVectors.DecodePadded<TFormat, TBlock>(weights + c, columns - c, tail, StripColumns);
        Lanes.MultiplyAdd(Vector256.Load(tail), factor, Vector256.Load(sums + c)).Store(sums + c);
    }

    /// <summary>Decodes a block of weights strip by strip, then adds its products to the sums of all rows, four at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddInputs(in MatMulPart part, MatMulInput input, int first, int count, int from, int columns, float* sums, float* decoded)
    {
        for (int i = 0; i < count; i++)
            Spread((TBlock*)(part.Weights + (first + i) * part.RowBytes) + from, columns, decoded + i * StripColumns);
        int width = Round(columns), last = part.Rows - 1;
        for (int strip = 0; strip * StripColumns < columns; strip++)
            for (int row = 0; row <= last; row += 4)
                AddTile(
                    decoded + strip * BlockInputs * StripColumns, InputAt(input, first, part.FirstRow + row), count,
                    Math.Min(1, last - row), Math.Min(2, last - row), Math.Min(3, last - row), sums + row * width + strip * StripColumns, width);
    }

    /// <summary>One input's weights, 16 to each strip.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Spread(TBlock* weights, int columns, float* target)
    {
        for (int c = 0; c < columns; c += StripColumns, target += BlockInputs * StripColumns)
            FloatVectors.DecodePadded<TFormat, TBlock>(weights + c, Math.Min(StripColumns, columns - c), target, StripColumns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTile(float* w, float* x0, int count, int r1, int r2, int r3, float* sums, int width)
    {
        float* x1 = x0 + r1 * MatMulInput.PanelLength, x2 = x0 + r2 * MatMulInput.PanelLength, x3 = x0 + r3 * MatMulInput.PanelLength;
        float* sums1 = sums + r1 * width, sums2 = sums + r2 * width, sums3 = sums + r3 * width;
        Vector256<float> a0 = Vector256.Load(sums), b0 = Vector256.Load(sums + 8), a1 = Vector256.Load(sums1), b1 = Vector256.Load(sums1 + 8);
        Vector256<float> a2 = Vector256.Load(sums2), b2 = Vector256.Load(sums2 + 8), a3 = Vector256.Load(sums3), b3 = Vector256.Load(sums3 + 8);
        for (int i = 0; i < count; i++, w += StripColumns)
        {
            Vector256<float> a = Vector256.Load(w), b = Vector256.Load(w + 8);
            var x = Vector256.Create(x0[i]);
            a0 = Lanes.MultiplyAdd(a, x, a0);
            b0 = Lanes.MultiplyAdd(b, x, b0);
            x = Vector256.Create(x1[i]);
            a1 = Lanes.MultiplyAdd(a, x, a1);
            b1 = Lanes.MultiplyAdd(b, x, b1);
            x = Vector256.Create(x2[i]);
            a2 = Lanes.MultiplyAdd(a, x, a2);
            b2 = Lanes.MultiplyAdd(b, x, b2);
            x = Vector256.Create(x3[i]);
            a3 = Lanes.MultiplyAdd(a, x, a3);
            b3 = Lanes.MultiplyAdd(b, x, b3);
        }
        // A repeated row writes the same sums to the same place again.
        a0.Store(sums);
        b0.Store(sums + 8);
        a1.Store(sums1);
        b1.Store(sums1 + 8);
        a2.Store(sums2);
        b2.Store(sums2 + 8);
        a3.Store(sums3);
        b3.Store(sums3 + 8);
    }
}
