using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Up to three matrices, stored alike, that meet the same rows of x.</summary>
struct ProductArguments
{
    public const int MostParts = 3;

    public ProductPart First, Second, Third;
    public int Rows, Columns;

    /// <summary>0, or the expert of each row.</summary>
    public long Choices;

    public int Experts;

    public void Add(int index, in ProductPart part)
    {
        if (index == 0) First = part;
        else if (index == 1) Second = part;
        else Third = part;
    }

    /// <summary>How many items, each of <paramref name="width"/> neighbouring outputs of a part.</summary>
    public readonly int Groups(int width) => Groups(First, width) + Groups(Second, width) + Groups(Third, width);

    /// <summary>The part of an item, whose number becomes the one inside the part.</summary>
    public readonly ProductPart Part(ref int group, int width)
    {
        int first = Groups(First, width), second = first + Groups(Second, width);
        if (group < first) return First;
        if (group < second)
        {
            group -= first;
            return Second;
        }
        group -= second;
        return Third;
    }

    /// <summary>The expert of a row; −1 where there is no such expert.</summary>
    public readonly int Expert(int row)
    {
        int expert = Memory.Int(Choices + row * 4L);
        return expert >= 0 && expert < Experts ? expert : -1;
    }

    static int Groups(in ProductPart part, int width) => (part.Outputs + width - 1) / width;
}
