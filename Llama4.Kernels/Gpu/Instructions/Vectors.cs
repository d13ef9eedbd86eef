namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>Two registers of 32 bits.</summary>
struct UInt2
{
    public uint X, Y;
}

/// <summary>Four registers of 32 bits: one load of 16 bytes, or a fragment of a matrix.</summary>
struct UInt4
{
    public uint X, Y, Z, W;
}

/// <summary>Two neighbouring numbers.</summary>
struct Float2
{
    public float X, Y;
}

/// <summary>Four accumulators of a thread.</summary>
struct Float4
{
    public float X, Y, Z, W;
}

/// <summary>Four accumulators of a thread.</summary>
struct Int4
{
    public int X, Y, Z, W;
}
