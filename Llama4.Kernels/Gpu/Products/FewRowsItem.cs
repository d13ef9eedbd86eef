using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>What an item of a product with few rows works on: two neighbouring outputs (the same one twice at an odd end) and some rows of x.</summary>
struct FewRowsItem
{
    public const int Width = 2;

    public ProductPart Part;
    public int Output, Row;

    /// <summary>Addresses of both outputs' weights.</summary>
    public long Left, Right;

    public bool IsKnown;

    /// <summary>Whether the index was one of an item: the last group of threads may have some that only take part in what all do together.</summary>
    public bool Exists;

    public static long Count(in ProductArguments a, int rows) => (long)a.Groups(Width) * ((a.Rows + rows - 1) / rows);

    public static FewRowsItem Of(in ProductArguments a, long index, int rows)
    {
        // Divisions of 64 bits are slow; there are not so many items.
        uint groups = (uint)a.Groups(Width), items = (uint)Count(a, rows), present = (uint)IntrinsicMath.Min(index, items - 1L);
        FewRowsItem item = default;
        item.Exists = index < items;
        int group = (int)present;
        if (items > groups)
        {
            group = (int)(present % groups);
            item.Row = (int)(present / groups) * rows;
        }
        item.Part = a.Part(ref group, Width);
        item.Output = group * Width;
        item.IsKnown = true;
        if (a.Choices != 0)
        {
            int expert = a.Expert(item.Row);
            item.IsKnown = expert >= 0;
            item.Part = item.Part.Of(IntrinsicMath.Max(expert, 0));
        }
        item.Left = Words.Kept(item.Part.Weights + item.Output * item.Part.OutputBytes);
        item.Right = Words.Kept(item.Output + 1 < item.Part.Outputs ? item.Left + item.Part.OutputBytes : item.Left);
        return item;
    }

    /// <summary>Adds up the lanes' sums and stores them. Every lane takes part.</summary>
    public readonly void Finish<TRows>(in ProductArguments a, in RowSums left, in RowSums right)
        where TRows : struct, IRowCount
    {
        Finish(a, 0, left.A, right.A);
        if (TRows.Count > 1) Finish(a, 1, left.B, right.B);
        if (TRows.Count > 2) Finish(a, 2, left.C, right.C);
        if (TRows.Count > 2) Finish(a, 3, left.D, right.D);
        if (TRows.Count > 4) Finish(a, 4, left.E, right.E);
        if (TRows.Count > 4) Finish(a, 5, left.F, right.F);
        if (TRows.Count > 4) Finish(a, 6, left.G, right.G);
        if (TRows.Count > 4) Finish(a, 7, left.H, right.H);
    }

    readonly void Finish(in ProductArguments a, int row, float left, float right)
    {
        left = Lanes.Sum(left);
        right = Lanes.Sum(right);
        // The first lane stores the left output, the second the right one.
        int lane = Warp.LaneIdx;
        if (!Exists || lane >= Width || Output + lane >= Part.Outputs || Row + row >= a.Rows) return;
        Part.Store(Row + row, Output + lane, IsKnown ? (lane == 0 ? left : right) : float.NaN);
    }
}
