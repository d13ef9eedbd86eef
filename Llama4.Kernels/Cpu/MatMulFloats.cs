using System.Runtime.CompilerServices;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Weights times float inputs. A dot product goes panel by panel of 512 inputs; inside a panel sixteen sums take the inputs in turn,
/// and <see cref="Lanes.Sum"/> adds them up. The end of a panel is padded with zeros to 32.
/// </summary>
/// <remarks>
/// One row: a weight row is walked once. A few rows, those of a tile: the weights of a tile are walked once. Many rows: eight weight rows at a
/// time, a panel is decoded and meets all rows of x in tiles.
/// </remarks>
sealed unsafe class MatMulFloats<TRows, TTile> : MatMulKernel
    where TRows : struct, IWeightRows
    where TTile : struct, IFloatTile
{
    const int BlockOutputs = 8;
    const int PanelLength = MatMulInput.PanelLength;

    // Outputs that meet a panel of x before the next one: that panel of many rows is all that the second cache holds of x.
    const int GroupOutputs = 64;

    // Where all of x fits into half of a second cache, weights are better read in longer pieces.
    const int SmallInputBytes = 512 * 1024;

    /// <summary>Floats from an output's sums to the next one's: a tile may write those of all its rows, there or not.</summary>
    static int Stride(int rows) => (rows + TTile.Rows - 1) / TTile.Rows * TTile.Rows;

    static int Group(in MatMulPart part, MatMulInput input) =>
        (long)part.Rows * input.Columns * sizeof(float) <= SmallInputBytes ? BlockOutputs : GroupOutputs;

    public override int ItemOutputs(in MatMulPart part, long fair) =>
        OutputsOf(part, fair, part.Rows == 1 ? 1 : part.Rows <= TTile.Rows ? TTile.Outputs : BlockOutputs);

    public override long ScratchBytes(in MatMulPart part, MatMulInput input) =>
        (BlockOutputs * PanelLength + Group(part, input) * Stride(part.Rows)) * sizeof(float);

    public override void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        var weights = (float*)scratch;
        float* sums = weights + BlockOutputs * PanelLength;
        if (part.Rows == 1)
            for (int output = from; output < to; output++)
                part.Store(0, output, Dot(part.Weights + output * part.RowBytes, input, part.FirstRow, weights));
        else if (part.Rows <= TTile.Rows)
            for (int output = from; output < to; output += TTile.Outputs)
                RunFew(part, input, output, Math.Min(TTile.Outputs, to - output), weights, sums);
        else
            for (int output = from, group = Group(part, input); output < to; output += group)
                RunMany(part, input, output, Math.Min(group, to - output), to, weights, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot(byte* weights, MatMulInput input, int row, float* scratch)
    {
        float sum = 0;
        for (int panel = 0; panel < input.Panels; panel++)
            sum += TRows.Dot(weights, panel * PanelLength, input.PanelCount(panel), input.Panel(panel, row), scratch);
        return sum;
    }

    /// <summary>The outputs and rows of one tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunFew(in MatMulPart part, MatMulInput input, int output, int outputs, float* weights, float* sums)
    {
        byte* row = part.Weights + output * part.RowBytes;
        new Span<float>(sums, TTile.Outputs * TTile.Rows).Clear();
        for (int panel = 0; panel < input.Panels; panel++)
        {
            int count = input.PanelCount(panel);
            float* x = input.Panel(panel, part.FirstRow);
            // Behind the end of a row lies the next one, which this tile has as well: then the row after those of the tile.
            long ahead = Prefetch.StreamDistance;
            if (panel * PanelBytes(part, input) + ahead >= part.RowBytes) ahead += (TTile.Outputs - 1) * part.RowBytes;
            if (TRows.TryAddTile<TTile>(row, part.RowBytes, outputs, panel * PanelLength, count, x, part.Rows, sums, TTile.Rows, ahead)) continue;
            for (int i = 0; i < outputs; i++) TRows.Decode(row + i * part.RowBytes, panel * PanelLength, count, weights + i * PanelLength);
            AddTile(weights, outputs, x, part.Rows, count, sums, TTile.Rows);
        }
        Store(part, output, outputs, sums, TTile.Rows);
    }

    /// <summary>Panel by panel: its rows of x stay in the cache while all outputs of a group meet them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunMany(in MatMulPart part, MatMulInput input, int from, int outputs, int to, float* weights, float* sums)
    {
        int stride = Stride(part.Rows);
        new Span<float>(sums, outputs * stride).Clear();
        for (int panel = 0; panel < input.Panels; panel++)
            for (int i = 0; i < outputs; i += BlockOutputs)
            {
                ReadAhead ahead = i + BlockOutputs < outputs ? Ahead(part, input, panel, from + i + BlockOutputs, from + outputs)
                    : panel + 1 < input.Panels ? Ahead(part, input, panel + 1, from, from + outputs)
                    : Ahead(part, input, 0, from + outputs, to);
                AddBlock(part, input, panel, from + i, Math.Min(BlockOutputs, outputs - i), ahead, weights, sums + i * stride);
            }
        Store(part, from, outputs, sums, stride);
    }

    /// <summary>The weights of a block.</summary>
    static ReadAhead Ahead(in MatMulPart part, MatMulInput input, int panel, int output, int to) =>
        new(part.Weights + output * part.RowBytes + panel * PanelBytes(part, input), Math.Min(BlockOutputs, to - output), part.RowBytes, PanelBytes(part, input));

    static long PanelBytes(in MatMulPart part, MatMulInput input) => part.RowBytes * PanelLength / input.Columns;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddBlock(in MatMulPart part, MatMulInput input, int panel, int output, int outputs, ReadAhead ahead, float* weights, float* sums)
    {
        int count = input.PanelCount(panel), stride = Stride(part.Rows);
        for (int i = 0; i < outputs; i++) TRows.Decode(part.Weights + (output + i) * part.RowBytes, panel * PanelLength, count, weights + i * PanelLength);
        ahead.Share(stride / TTile.Rows * (BlockOutputs / TTile.Outputs));
        for (int row = 0; row < part.Rows; row += TTile.Rows)
            for (int i = 0; i < outputs; i += TTile.Outputs)
            {
                ahead.Touch();
                AddTile(weights + i * PanelLength, outputs - i, input.Panel(panel, part.FirstRow + row), part.Rows - row, count, sums + i * stride + row, stride);
            }
    }

    /// <summary>What a tile takes of the outputs and rows that are left, with decoded weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddTile(float* weights, int outputs, float* x, int rows, int count, float* sums, int stride) => TTile.Add<F32, float>(
        weights, PanelLength * sizeof(float), Math.Min(outputs, TTile.Outputs), x, Math.Min(rows, TTile.Rows), MatMulInput.Padded(count), sums, stride, ahead: 0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Store(in MatMulPart part, int from, int outputs, float* sums, int stride)
    {
        for (int i = 0; i < outputs; i++)
            for (int row = 0; row < part.Rows; row++) part.Store(row, from + i, sums[i * stride + row]);
    }
}
