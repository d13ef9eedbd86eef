using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>One row, for which each group makes the bytes in its shared memory: sooner done than waiting for a kernel before.</summary>
struct OwnByteRow(long source, int columns) : IByteInput
{
    int values;

    /// <summary>Shared memory for a row.</summary>
    public static int Bytes(int columns) => (int)ByteRows.Bytes(1, columns);

    public void Prepare()
    {
        values = SharedBytes.Open();
        for (int item = Group.IdxX; item < columns / ByteRows.GroupLength; item += Group.DimX)
        {
            ByteGroup group = ByteGroup.Of(source + item * 128L);
            SharedBytes.Store(values + item * 32, group.First);
            SharedBytes.Store(values + item * 32 + 16, group.Second);
            SharedBytes.StoreFloats(values + columns + item * 16, group.Factors);
        }
        Group.Barrier();
    }

    public readonly ByteRun Run(int row, int column)
    {
        Float2 factors = SharedBytes.LoadPair(values + columns + (column >> 1));
        ByteRun run = default;
        run.Values = SharedBytes.Load(values + column);
        run.Scale = factors.X;
        run.Sum = factors.Y;
        return run;
    }
}
