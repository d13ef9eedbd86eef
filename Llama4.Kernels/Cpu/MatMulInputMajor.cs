using System.Runtime.CompilerServices;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Weights whose rows belong to inputs, times float inputs: each output adds up its products in the order of the inputs.
/// The lanes are outputs; the last columns are padded with zeros to a strip.
/// </summary>
/// <remarks>
/// Few rows: weights are converted on the way into the registers and meet all rows, four inputs at a time; the sums stay in the nearest cache.
/// Many rows: a block of inputs is decoded and meets the rows in tiles of a strip × 4.
/// </remarks>
sealed unsafe class MatMulInputMajor<TFormat, TBlock, TPair> : MatMulKernel
    where TFormat : struct, IFloatFormat<TBlock>
    where TBlock : unmanaged
    where TPair : struct, IFloatPair<TPair>
{
    const int FewestTileRows = 5;
    const int TileRows = 4;

    // Inputs whose weights are decoded at a time, and most columns of them: together they stay in the second cache.
    const int BlockInputs = 128;
    const int TileItemColumns = 256;

    // Most sums of few rows: they stay in the nearest cache.
    const int FewSums = 4096;

    // A shorter piece of a row is less than two cache lines of 16-bit numbers.
    const int LeastItemColumns = 64;

    // Weights of few rows are asked for this many inputs ahead: the processor sees no stream in pieces of rows.
    const int InputsAhead = 8;

    /// <summary>Columns whose weights lie together once they are decoded.</summary>
    static int StripColumns => TPair.Length;

    public override int ItemOutputs(in MatMulPart part, long fair)
    {
        // With few rows, pieces of each weight row as long as leave four items to a thread.
        long columns = part.Rows < FewestTileRows
            ? Math.Min(fair * (MatMulCall.ItemsPerThread / 4), FewSums / part.Rows)
            : Math.Min(fair, TileItemColumns);
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
        if (part.Rows < FewestTileRows) RunFew(part, input, from, to - from, sums, columns);
        else RunMany(part, input, from, to - from, sums, columns);
        for (int row = 0; row < part.Rows; row++)
            for (int i = 0; i < to - from; i++) part.Store(row, from + i, sums[row * columns + i]);
    }

    static int Round(int columns) => (columns + StripColumns - 1) / StripColumns * StripColumns;

    static float* InputAt(MatMulInput input, int index, int row) =>
        input.Panel(index / MatMulInput.PanelLength, row) + index % MatMulInput.PanelLength;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunFew(in MatMulPart part, MatMulInput input, int from, int columns, float* sums, int stride)
    {
        int i = 0;
        for (; i + 4 <= input.Columns; i += 4)
            AddFourInputs((TBlock*)(part.Weights + i * part.RowBytes) + from, part.RowBytes, columns, InputAt(input, i, part.FirstRow), part.Rows, sums, stride);
        for (; i < input.Columns; i++)
            AddInput((TBlock*)(part.Weights + i * part.RowBytes) + from, 0, columns, InputAt(input, i, part.FirstRow), part.Rows, sums, stride);
    }

    /// <summary>Four inputs, one after the other, while a row's sums are in registers. A panel holds a multiple of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddFourInputs(TBlock* weights, long rowBytes, int columns, float* x, int rows, float* sums, int stride)
    {
        TBlock* w0 = weights, w1 = (TBlock*)((byte*)weights + rowBytes), w2 = (TBlock*)((byte*)weights + 2 * rowBytes), w3 = (TBlock*)((byte*)weights + 3 * rowBytes);
        long ahead = InputsAhead * rowBytes;
        int c = 0;
        for (; c <= columns - StripColumns; c += StripColumns)
        {
            Prefetch.Near((byte*)(w0 + c) + ahead);
            Prefetch.Near((byte*)(w1 + c) + ahead);
            Prefetch.Near((byte*)(w2 + c) + ahead);
            Prefetch.Near((byte*)(w3 + c) + ahead);
            TPair p0 = TPair.Load<TFormat, TBlock>(w0 + c), p1 = TPair.Load<TFormat, TBlock>(w1 + c);
            TPair p2 = TPair.Load<TFormat, TBlock>(w2 + c), p3 = TPair.Load<TFormat, TBlock>(w3 + c);
            float* inputs = x, target = sums + c;
            for (int row = 0; row < rows; row++, inputs += MatMulInput.PanelLength, target += stride)
            {
                TPair sum = TPair.AddProducts(TPair.Load<F32, float>(target), p0, inputs[0]);
                sum = TPair.AddProducts(sum, p1, inputs[1]);
                sum = TPair.AddProducts(sum, p2, inputs[2]);
                TPair.Store(TPair.AddProducts(sum, p3, inputs[3]), target);
            }
        }
        if (c == columns) return;
        AddInput(w0, c, columns, x, rows, sums, stride);
        AddInput(w1, c, columns, x + 1, rows, sums, stride);
        AddInput(w2, c, columns, x + 2, rows, sums, stride);
        AddInput(w3, c, columns, x + 3, rows, sums, stride);
    }

    /// <summary>Columns [from, columns) of one input; the last strip need not be whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddInput(TBlock* weights, int from, int columns, float* x, int rows, float* sums, int stride)
    {
        float* strip = stackalloc float[StripColumns];
        for (int c = from; c < columns; c += StripColumns)
        {
            FloatVectors.DecodePadded<TFormat, TBlock>(weights + c, Math.Min(StripColumns, columns - c), strip, StripColumns);
            for (int row = 0; row < rows; row++)
            {
                float* target = sums + row * stride + c;
                TPair.Store(TPair.AddProducts(TPair.Load<F32, float>(target), TPair.Load<F32, float>(strip), x[row * MatMulInput.PanelLength]), target);
            }
        }
    }

    /// <summary>Decodes a block of weights strip by strip, then adds its products to the sums of all rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunMany(in MatMulPart part, MatMulInput input, int from, int columns, float* sums, int stride)
    {
        float* decoded = sums + (long)stride * part.Rows;
        int last = part.Rows - 1, strips = stride / StripColumns;
        for (int first = 0; first < input.Columns; first += BlockInputs)
        {
            int count = Math.Min(BlockInputs, input.Columns - first), next = first + count;
            for (int i = 0; i < count; i++)
                Spread((TBlock*)(part.Weights + (first + i) * part.RowBytes) + from, columns, decoded + i * StripColumns);
            var ahead = new ReadAhead(
                (byte*)((TBlock*)(part.Weights + next * part.RowBytes) + from), Math.Min(BlockInputs, input.Columns - next), part.RowBytes, columns * sizeof(TBlock));
            ahead.Share(strips * (last / TileRows + 1));
            for (int strip = 0; strip < strips; strip++)
                for (int row = 0; row <= last; row += TileRows)
                {
                    ahead.Touch();
                    AddTile(
                        decoded + strip * BlockInputs * StripColumns, InputAt(input, first, part.FirstRow + row), count,
                        Math.Min(1, last - row), Math.Min(2, last - row), Math.Min(3, last - row), sums + row * stride + strip * StripColumns, stride);
                }
        }
    }

    /// <summary>One input's weights, a strip's to each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Spread(TBlock* weights, int columns, float* target)
    {
        int c = 0;
        for (; c <= columns - StripColumns; c += StripColumns, target += BlockInputs * StripColumns) TPair.Store(TPair.Load<TFormat, TBlock>(weights + c), target);
        if (c < columns) FloatVectors.DecodePadded<TFormat, TBlock>(weights + c, columns - c, target, StripColumns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTile(float* w, float* x0, int count, int r1, int r2, int r3, float* sums, int stride)
    {
        float* x1 = x0 + r1 * MatMulInput.PanelLength, x2 = x0 + r2 * MatMulInput.PanelLength, x3 = x0 + r3 * MatMulInput.PanelLength;
        float* sums1 = sums + r1 * stride, sums2 = sums + r2 * stride, sums3 = sums + r3 * stride;
        TPair s0 = TPair.Load<F32, float>(sums), s1 = TPair.Load<F32, float>(sums1);
        TPair s2 = TPair.Load<F32, float>(sums2), s3 = TPair.Load<F32, float>(sums3);
        for (int i = 0; i < count; i++, w += StripColumns)
        {
            TPair weights = TPair.Load<F32, float>(w);
            s0 = TPair.AddProducts(s0, weights, x0[i]);
            s1 = TPair.AddProducts(s1, weights, x1[i]);
            s2 = TPair.AddProducts(s2, weights, x2[i]);
            s3 = TPair.AddProducts(s3, weights, x3[i]);
        }
        // A repeated row writes the same sums to the same place again.
        TPair.Store(s0, sums);
        TPair.Store(s1, sums1);
        TPair.Store(s2, sums2);
        TPair.Store(s3, sums3);
    }
}
