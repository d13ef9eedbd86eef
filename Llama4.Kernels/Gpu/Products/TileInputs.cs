using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Copies rows of x to shared memory: a thread has one chunk of 16 bytes of every so many rows.</summary>
struct TileInputs<TTile>
    where TTile : struct, ITile
{
    // A multiple of 8, after which places in the row repeat.
    static int Stride => TileShape<TTile>.Threads / 8;

    /// <summary>Rows of a thread: 1, 2 or 4.</summary>
    static int Count => TileShape<TTile>.Rows / Stride;

    long address;
    int place;
    uint a, b, c, d;

    public static TileInputs<TTile> Of(in BFloatRows x, in RowTile rows, in RowOrder order)
    {
        int row = Group.IdxX / 8, chunk = Group.IdxX & 7;
        TileInputs<TTile> inputs = default;
        inputs.address = Words.Kept(x.Address + (chunk & 1) * 16);
        inputs.place = Words.Kept(TilePlace.Of(0, row, chunk));
        inputs.a = Offset(x, rows.Row(order, row));
        if (Count > 1) inputs.b = Offset(x, rows.Row(order, row + Stride));
        if (Count > 2) inputs.c = Offset(x, rows.Row(order, row + 2 * Stride));
        if (Count > 2) inputs.d = Offset(x, rows.Row(order, row + 3 * Stride));
        return inputs;
    }

    /// <summary>The run of 16 columns that this thread's chunk is in.</summary>
    public readonly int Run => (Group.IdxX & 7) >> 1;

    /// <param name="column">First column of that run in x.</param>
    public readonly void Copy(int tile, int column)
    {
        long source = address + column * 2;
        int target = tile + place;
        SharedBytes.CopyAsync(target, source + a);
        if (Count > 1) SharedBytes.CopyAsync(target + Stride * TileShape<TTile>.RowBytes, source + b);
        if (Count > 2) SharedBytes.CopyAsync(target + 2 * Stride * TileShape<TTile>.RowBytes, source + c);
        if (Count > 2) SharedBytes.CopyAsync(target + 3 * Stride * TileShape<TTile>.RowBytes, source + d);
    }

    static uint Offset(in BFloatRows x, int row) => (uint)Words.Kept(row * x.Columns * 2);
}
