using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>The rows of a group: those of one expert at most.</summary>
struct RowTile
{
    /// <summary>Places in the order.</summary>
    public int First, Count;

    /// <summary>The number of experts stands for unknown ones.</summary>
    public int Expert;

    /// <summary>Tile number <paramref name="index"/> of <paramref name="size"/> rows; with a count of 0 where there are not so many.</summary>
    public static RowTile Of(in ProductArguments a, in RowOrder order, int index, int size)
    {
        RowTile tile = default;
        if (order.Rows == 0)
        {
            tile.First = index * size;
            tile.Count = IntrinsicMath.Min(size, a.Rows - tile.First);
            return tile;
        }
        int start = 0;
        for (int expert = 0; expert <= a.Experts; expert++)
        {
            int end = Memory.Int(order.Starts + (expert + 1) * 4L), first = start + index * size;
            if (first < end)
            {
                tile.First = first;
                tile.Count = IntrinsicMath.Min(size, end - first);
                tile.Expert = expert;
                return tile;
            }
            index -= (end - start + size - 1) / size;
            start = end;
        }
        return tile;
    }

    /// <summary>The row at a place of the tile; behind the last the last.</summary>
    public readonly int Row(in RowOrder order, int place)
    {
        int at = First + IntrinsicMath.Min(place, Count - 1);
        return order.Rows == 0 ? at : Memory.Int(order.Rows + at * 4L);
    }
}
