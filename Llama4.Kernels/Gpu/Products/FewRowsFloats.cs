using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// y = x Wᵀ for few rows of x as they are: a warp for two outputs, its lanes over chunks of 16 bytes, W read once.
/// The order of the sums does not depend on the number of rows.
/// </summary>
readonly struct FewRowsFloats<TChunks, TRows>(long x, ProductArguments a) : IKernel
    where TChunks : struct, IChunks
    where TRows : struct, IRowCount
{
    public void Run()
    {
        FewRowsItem item = FewRowsItem.Of(a, GroupWork.WarpIndex, TRows.Count);
        RowSums left = default, right = default;
        uint unseenLeft = 0, unseenRight = 0;
        for (int chunk = Warp.LaneIdx; chunk < a.Columns / TChunks.Length; chunk += Lanes.Count)
        {
            UInt4 l = Memory.Weights(item.Left + (uint)chunk * 16L), r = Memory.Weights(item.Right + (uint)chunk * 16L);
            unseenLeft |= TChunks.Unseen(l);
            unseenRight |= TChunks.Unseen(r);
            int column = chunk * TChunks.Length;
            Add(ref left, ref right, l, r, 0, item.Row, column);
            if (TChunks.Length > 4) Add(ref left, ref right, l, r, 1, item.Row, column + 4);
            if (TChunks.Length > 8) Add(ref left, ref right, l, r, 2, item.Row, column + 8);
            if (TChunks.Length > 8) Add(ref left, ref right, l, r, 3, item.Row, column + 12);
        }
        if ((unseenLeft & 0x80808080) != 0) Spoil(ref left);
        if ((unseenRight & 0x80808080) != 0) Spoil(ref right);
        if (TChunks.Unit != 1)
        {
            Scale(ref left);
            Scale(ref right);
        }
        item.Finish<TRows>(a, left, right);
    }

    void Add(ref RowSums left, ref RowSums right, UInt4 leftChunk, UInt4 rightChunk, int quarter, int row, int column)
    {
        Float4 l = TChunks.Numbers(leftChunk, quarter), r = TChunks.Numbers(rightChunk, quarter);
        Add(ref left.A, ref right.A, l, r, row, column);
        if (TRows.Count > 1) Add(ref left.B, ref right.B, l, r, row + 1, column);
        if (TRows.Count > 2) Add(ref left.C, ref right.C, l, r, row + 2, column);
        if (TRows.Count > 2) Add(ref left.D, ref right.D, l, r, row + 3, column);
        if (TRows.Count > 4) Add(ref left.E, ref right.E, l, r, row + 4, column);
        if (TRows.Count > 4) Add(ref left.F, ref right.F, l, r, row + 5, column);
        if (TRows.Count > 4) Add(ref left.G, ref right.G, l, r, row + 6, column);
        if (TRows.Count > 4) Add(ref left.H, ref right.H, l, r, row + 7, column);
    }

    void Add(ref float left, ref float right, Float4 l, Float4 r, int row, int column)
    {
        Float4 inputs = Memory.Floats(x + ((long)IntrinsicMath.Min(row, a.Rows - 1) * a.Columns + column) * 4);
        left = Product(l, inputs, left);
        right = Product(r, inputs, right);
    }

    static float Product(Float4 w, Float4 inputs, float sum)
    {
        sum = Arithmetic.MultiplyAdd(w.X, inputs.X, sum);
        sum = Arithmetic.MultiplyAdd(w.Y, inputs.Y, sum);
        sum = Arithmetic.MultiplyAdd(w.Z, inputs.Z, sum);
        return Arithmetic.MultiplyAdd(w.W, inputs.W, sum);
    }

    static void Scale(ref RowSums sums)
    {
        sums.A *= TChunks.Unit;
        sums.B *= TChunks.Unit;
        sums.C *= TChunks.Unit;
        sums.D *= TChunks.Unit;
        sums.E *= TChunks.Unit;
        sums.F *= TChunks.Unit;
        sums.G *= TChunks.Unit;
        sums.H *= TChunks.Unit;
    }

    static void Spoil(ref RowSums sums) =>
        sums.A = sums.B = sums.C = sums.D = sums.E = sums.F = sums.G = sums.H = float.NaN;
}
