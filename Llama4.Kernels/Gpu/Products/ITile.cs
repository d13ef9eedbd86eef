namespace Llama4.Kernels.Gpu.Products;

/// <summary>What a group computes: its warps side by side over the rows of x and over the outputs, each with fragments of 16 rows and of 8 outputs.</summary>
interface ITile
{
    static abstract int RowWarps { get; }

    static abstract int OutputWarps { get; }

    /// <summary>Fragments of 16 rows of a warp: 1, 2 or 4.</summary>
    static abstract int RowFragments { get; }

    /// <summary>Pairs of fragments of 8 outputs of a warp: 1 or 2.</summary>
    static abstract int OutputPairs { get; }
}

/// <summary>128 rows and 128 outputs: bound by arithmetic.</summary>
readonly struct LargeTile : ITile
{
    public static int RowWarps => 2;
    public static int OutputWarps => 4;
    public static int RowFragments => 4;
    public static int OutputPairs => 2;
}

/// <summary>32 rows and 64 outputs: for few rows, so that enough groups share the reading of the weights.</summary>
readonly struct SmallTile : ITile
{
    public static int RowWarps => 2;
    public static int OutputWarps => 4;
    public static int RowFragments => 1;
    public static int OutputPairs => 1;
}

/// <summary>16 rows and 32 outputs: for an emulated device, where threads are dear.</summary>
readonly struct TinyTile : ITile
{
    public static int RowWarps => 1;
    public static int OutputWarps => 2;
    public static int RowFragments => 1;
    public static int OutputPairs => 1;
}
