using ILGPU;

namespace Llama4.Kernels.Gpu;

/// <summary>
/// y = x Wᵀ for few rows of x as bytes: a warp for two outputs, its lanes over the pieces, W read once. The products of a run of 16 are added up
/// in integers, without rounding; the order of the other sums does not depend on the number of rows.
/// </summary>
readonly struct FewRowsBytes<TPieces, TRaw, TRows>(ByteRows x, ProductArguments a) : IKernel
    where TPieces : struct, IPieces<TRaw>
    where TRaw : unmanaged
    where TRows : struct, IRowCount
{
    public void Run()
    {
        int groups = a.Groups(FewRowsItem.Width);
        long index = GroupWork.WarpIndex;
        if (index >= (long)groups * ((a.Rows + TRows.Count - 1) / TRows.Count)) return;
        FewRowsItem item = FewRowsItem.Of(a, index, TRows.Count);
        RowSums left = default, right = default;
        int place = Warp.LaneIdx & 7;
        for (int piece = Warp.LaneIdx; piece < a.Columns / 32; piece += Lanes.Count)
        {
            TRaw rawLeft = TPieces.Load(item.Left, piece, place), rawRight = TPieces.Load(item.Right, piece, place);
            Piece l = TPieces.Unpack(rawLeft, item.Left, piece, place), r = TPieces.Unpack(rawRight, item.Right, piece, place);
            int column = TPieces.Column(piece);
            Add(ref left.A, ref right.A, l, r, item.Row, column);
            if (TRows.Count > 1) Add(ref left.B, ref right.B, l, r, item.Row + 1, column);
            if (TRows.Count > 2) Add(ref left.C, ref right.C, l, r, item.Row + 2, column);
            if (TRows.Count > 2) Add(ref left.D, ref right.D, l, r, item.Row + 3, column);
            if (TRows.Count > 4) Add(ref left.E, ref right.E, l, r, item.Row + 4, column);
            if (TRows.Count > 4) Add(ref left.F, ref right.F, l, r, item.Row + 5, column);
            if (TRows.Count > 4) Add(ref left.G, ref right.G, l, r, item.Row + 6, column);
            if (TRows.Count > 4) Add(ref left.H, ref right.H, l, r, item.Row + 7, column);
        }
        item.Finish<TRows>(a, left, right);
    }

    void Add(ref float left, ref float right, in Piece l, in Piece r, int row, int column)
    {
        int present = IntrinsicMath.Min(row, a.Rows - 1);
        ByteRun first = x.Run(present, column), second = x.Run(present, column + TPieces.Distance);
        left = Product(l, first, second, left);
        right = Product(r, first, second, right);
    }

    static float Product(in Piece w, in ByteRun first, in ByteRun second, float sum)
    {
        sum = Arithmetic.MultiplyAdd(Words.Dot(w.First, first.Values), w.FirstScale * first.Scale, sum);
        sum = Arithmetic.MultiplyAdd(Words.Dot(w.Second, second.Values), w.SecondScale * second.Scale, sum);
        if (!TPieces.HasOffsets) return sum;
        sum = Arithmetic.MultiplyAdd(w.FirstOffset, first.Sum, sum);
        return Arithmetic.MultiplyAdd(w.SecondOffset, second.Sum, sum);
    }
}
