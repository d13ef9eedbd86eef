using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Cpu.Paths;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Weights times float inputs. A dot product goes panel by panel of 512 inputs; inside a panel sixteen sums take the inputs in turn,
/// and <see cref="Lanes.Sum"/> adds them up. The end of a panel is padded with zeros to sixteen.
/// </summary>
/// <remarks>
/// One row: a weight row is walked once. Many rows: the panels of eight weight rows are decoded and meet the rows of x in tiles
/// of 2 outputs × 3 rows, of which those at the border repeat the last row, or in <see cref="WideFloatTile"/>.
/// </remarks>
/// <param name="isWide">Whether tiles are in vectors of 512 bits; the same sums.</param>
sealed unsafe class MatMulFloats<TRows>(bool isWide) : MatMulKernel
    where TRows : struct, IWeightRows
{
    const int FewestTileRows = 3;
    const int BlockOutputs = 8;
    const int PanelLength = MatMulInput.PanelLength;

    int TileRows => isWide ? WideFloatTile.Rows : 3;

    int TileOutputs => isWide ? WideFloatTile.Outputs : 2;

    /// <summary>Floats from an output's sums to the next one's: a wide tile writes those of four rows, there or not.</summary>
    static int Stride(int rows) => (rows + WideFloatTile.Rows - 1) / WideFloatTile.Rows * WideFloatTile.Rows;

    public override int ItemOutputs(in MatMulPart part, long fair) => OutputsOf(part, fair, part.Rows < FewestTileRows ? 1 : BlockOutputs);

    public override long ScratchBytes(in MatMulPart part, MatMulInput input) =>
        BlockOutputs * (PanelLength + Stride(part.Rows)) * sizeof(float);

    public override void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        if (part.Rows < FewestTileRows)
            for (int output = from; output < to; output++)
                for (int row = 0; row < part.Rows; row++)
                    part.Store(row, output, Dot(part.Weights + output * part.RowBytes, input, part.FirstRow + row, (float*)scratch));
        else
            for (int output = from; output < to; output += BlockOutputs)
            {
                int next = Math.Min(to, output + BlockOutputs);
                var ahead = new ReadAhead(part.Weights + next * part.RowBytes, part.Weights + Math.Min(to, next + BlockOutputs) * part.RowBytes);
                ahead.Share(input.Panels * ((part.Rows + TileRows - 1) / TileRows) * (BlockOutputs / TileOutputs));
                RunBlock(part, input, output, next - output, ref ahead, (float*)scratch);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot(byte* weights, MatMulInput input, int row, float* scratch)
    {
        float sum = 0;
        for (int panel = 0; panel < input.Panels; panel++)
            sum += TRows.Dot(weights, panel * PanelLength, input.PanelCount(panel), input.Panel(panel, row), scratch);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void RunBlock(in MatMulPart part, MatMulInput input, int output, int outputs, ref ReadAhead ahead, float* scratch)
    {
        float* sums = scratch + BlockOutputs * PanelLength;
        int stride = Stride(part.Rows);
        new Span<float>(sums, BlockOutputs * stride).Clear();
        for (int panel = 0; panel < input.Panels; panel++)
        {
            int count = input.PanelCount(panel);
            for (int i = 0; i < outputs; i++)
                TRows.Decode(part.Weights + (output + i) * part.RowBytes, panel * PanelLength, count, scratch + i * PanelLength);
            for (int row = 0; row < part.Rows; row += TileRows)
                for (int i = 0; i < outputs; i += TileOutputs)
                {
                    ahead.Touch();
                    AddTile(scratch + i * PanelLength, outputs - i, input.Panel(panel, part.FirstRow + row), part.Rows - row, count, sums + i * stride + row, stride);
                }
        }
        for (int i = 0; i < outputs; i++)
            for (int row = 0; row < part.Rows; row++) part.Store(row, output + i, sums[i * stride + row]);
    }

    /// <summary>The outputs and rows that a tile takes of what is left. Missing outputs have panels and sums as well in a wide tile, whatever they hold.</summary>
    void AddTile(float* weights, int outputs, float* x, int rows, int count, float* sums, int stride)
    {
        if (isWide)
        {
            WideFloatTile.Add(weights, x, Math.Min(rows, WideFloatTile.Rows), count, sums, stride);
            return;
        }
        int second = Math.Min(1, outputs - 1), r1 = Math.Min(1, rows - 1), r2 = Math.Min(2, rows - 1);
        AddTile(weights, weights + second * PanelLength, x, r1, r2, count, sums, sums + second * stride);
    }

    /// <summary>Weight panels v and w times the panels of x of rows 0, <paramref name="r1"/> and <paramref name="r2"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTile(float* v, float* w, float* x, int r1, int r2, int count, float* vSums, float* wSums)
    {
        float* y = x + r1 * PanelLength, z = x + r2 * PanelLength;
        Vector256<float> vx0 = default, vx1 = default, vy0 = default, vy1 = default, vz0 = default, vz1 = default;
        Vector256<float> wx0 = default, wx1 = default, wy0 = default, wy1 = default, wz0 = default, wz1 = default;
        for (int i = 0; i < count; i += 16)
        {
            // One vector of x at a time: with twelve sums there are four registers left.
            Vector256<float> v0 = Vector256.Load(v + i), w0 = Vector256.Load(w + i), input = Vector256.Load(x + i);
            vx0 = Lanes.MultiplyAdd(v0, input, vx0);
            wx0 = Lanes.MultiplyAdd(w0, input, wx0);
            input = Vector256.Load(y + i);
            vy0 = Lanes.MultiplyAdd(v0, input, vy0);
            wy0 = Lanes.MultiplyAdd(w0, input, wy0);
            input = Vector256.Load(z + i);
            vz0 = Lanes.MultiplyAdd(v0, input, vz0);
            wz0 = Lanes.MultiplyAdd(w0, input, wz0);
            v0 = Vector256.Load(v + i + 8);
            w0 = Vector256.Load(w + i + 8);
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
        // A repeated row or output writes the same number to the same place again: all are read before.
        float s0 = vSums[0] + Lanes.Sum(vx0 + vx1), s1 = vSums[r1] + Lanes.Sum(vy0 + vy1), s2 = vSums[r2] + Lanes.Sum(vz0 + vz1);
        float t0 = wSums[0] + Lanes.Sum(wx0 + wx1), t1 = wSums[r1] + Lanes.Sum(wy0 + wy1), t2 = wSums[r2] + Lanes.Sum(wz0 + wz1);
        (vSums[0], vSums[r1], vSums[r2]) = (s0, s1, s2);
        (wSums[0], wSums[r1], wSums[r2]) = (t0, t1, t2);
    }
}
