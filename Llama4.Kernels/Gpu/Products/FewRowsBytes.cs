using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// y = x Wᵀ for few rows of x as bytes: a warp for two outputs, its lanes over the pieces, W read once. The products of a run of 16 are added up
/// in integers, without rounding; the order of the other sums does not depend on the number of rows.
/// </summary>
readonly struct FewRowsBytes<TPieces, TRaw, TRows, TInput>(TInput x, ProductArguments a) : IKernel
    where TPieces : struct, IPieces<TRaw>
    where TRaw : unmanaged
    where TRows : struct, IRowCount
    where TInput : unmanaged, IByteInput
{
    public void Run()
    {
        long items = FewRowsItem.Count(a, TRows.Count), index = GroupWork.WarpIndex;
        FewRowsItem item = FewRowsItem.Of(a, index, TRows.Count);
        // The first pieces are on their way while x is prepared.
        TRaw left = Load(item.Left, Warp.LaneIdx), right = Load(item.Right, Warp.LaneIdx);
        TInput input = x;
        input.Prepare();
        while (true)
        {
            Multiply(input, item, left, right);
            index += GroupWork.Warps;
            if (index >= items) return;
            item = FewRowsItem.Of(a, index, TRows.Count);
            left = Load(item.Left, Warp.LaneIdx);
            right = Load(item.Right, Warp.LaneIdx);
        }
    }

    /// <param name="nextLeft">The first pieces of this lane.</param>
    void Multiply(in TInput input, in FewRowsItem item, TRaw nextLeft, TRaw nextRight)
    {
        int place = Warp.LaneIdx & 7;
        RowSums left = default, right = default;
        for (int piece = Warp.LaneIdx; piece < a.Columns / 32; piece += Lanes.Count)
        {
            Piece l = TPieces.Unpack(nextLeft, item.Left, piece, place), r = TPieces.Unpack(nextRight, item.Right, piece, place);
            nextLeft = Load(item.Left, piece + Lanes.Count);
            nextRight = Load(item.Right, piece + Lanes.Count);
            int column = TPieces.Column(piece);
            Add(ref left.A, ref right.A, input, l, r, item.Row, column);
            if (TRows.Count > 1) Add(ref left.B, ref right.B, input, l, r, item.Row + 1, column);
            if (TRows.Count > 2) Add(ref left.C, ref right.C, input, l, r, item.Row + 2, column);
            if (TRows.Count > 2) Add(ref left.D, ref right.D, input, l, r, item.Row + 3, column);
            if (TRows.Count > 4) Add(ref left.E, ref right.E, input, l, r, item.Row + 4, column);
            if (TRows.Count > 4) Add(ref left.F, ref right.F, input, l, r, item.Row + 5, column);
            if (TRows.Count > 4) Add(ref left.G, ref right.G, input, l, r, item.Row + 6, column);
            if (TRows.Count > 4) Add(ref left.H, ref right.H, input, l, r, item.Row + 7, column);
        }
        item.Finish<TRows>(a, left, right);
    }

    /// <summary>Behind the end of a row its last block again, for nothing.</summary>
    TRaw Load(long row, int piece) => TPieces.Load(row, IntrinsicMath.Min(piece, a.Columns / 32 - 1), Warp.LaneIdx & 7);

    void Add(ref float left, ref float right, in TInput input, in Piece l, in Piece r, int row, int column)
    {
        int present = IntrinsicMath.Min(row, a.Rows - 1);
        ByteRun first = input.Run(present, column), second = input.Run(present, column + TPieces.Distance);
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
