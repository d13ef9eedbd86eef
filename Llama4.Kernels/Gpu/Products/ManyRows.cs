using System.Runtime.CompilerServices;
using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// y = x Wᵀ for many rows by tensor cores, x and W as bfloat16: a group for each tile of y. While one step of 64 columns is multiplied, x of the next two is
/// copied to shared memory, W of the next is converted into it, and W of the one after is loaded.
/// </summary>
readonly struct ManyRows<TTile, TWeights, TRaw>(BFloatRows x, ProductArguments a, RowOrder order, int rowTiles) : IKernel
    where TTile : struct, ITile
    where TWeights : struct, ITileWeights<TRaw>
    where TRaw : unmanaged
{
    // So that one multiplies while the other waits; but for what does not fit into 128 registers.
    public static int Groups => Unsafe.SizeOf<TRaw>() > 64 ? 1 : 2;

    public void Run()
    {
        int outputTile = Grid.IdxX / rowTiles;
        RowTile rows = RowTile.Of(a, order, Grid.IdxX % rowTiles, TileShape<TTile>.Rows);
        if (rows.Count == 0) return;
        ProductPart part = a.Part(ref outputTile, TileShape<TTile>.Outputs);
        int firstOutput = Words.Kept(outputTile * TileShape<TTile>.Outputs);
        if (order.Rows != 0 && rows.Expert < a.Experts) part = part.Of(rows.Expert);
        var result = new TileResult<TTile>(part, rows, order, firstOutput);
        if (order.Rows != 0 && rows.Expert == a.Experts) result.StoreNaN();
        else result.Store(Sums(part, rows, firstOutput));
    }

    Accumulators Sums(in ProductPart part, in RowTile rows, int firstOutput)
    {
        int steps = x.Columns / TileShape<TTile>.StepColumns;
        // Tiles in shared memory: of x for this step and the next two, of W for this step and the next. They take turns.
        int inputs = SharedBytes.Open(), nextInputs = inputs + TileShape<TTile>.InputBytes, lastInputs = nextInputs + TileShape<TTile>.InputBytes;
        int weights = lastInputs + TileShape<TTile>.InputBytes, nextWeights = weights + TileShape<TTile>.WeightBytes;
        TileInputs<TTile> input = TileInputs<TTile>.Of(x, rows, order);
        var source = new TileWeights(part, a.Columns, firstOutput);
        TWeights.Begin<TTile>(ref source);
        TileProduct<TTile> product = TileProduct<TTile>.Create();
        input.Copy(inputs, TWeights.Column(0, input.Run));
        SharedBytes.CommitCopies();
        if (steps > 1) input.Copy(nextInputs, TWeights.Column(1, input.Run));
        SharedBytes.CommitCopies();
        TWeights.Store<TTile>(source, 0, TWeights.Load<TTile>(source, 0), weights);
        TRaw next = TWeights.Load<TTile>(source, IntrinsicMath.Min(1, steps - 1));
        Accumulators sums = default;
        for (int step = 0; step < steps; step++)
        {
            SharedBytes.WaitForCopies(1);
            Group.Barrier();
            if (step + 2 < steps) input.Copy(lastInputs, TWeights.Column(step + 2, input.Run));
            SharedBytes.CommitCopies();
            if (step + 1 < steps)
            {
                TWeights.Store<TTile>(source, step + 1, next, nextWeights);
                next = TWeights.Load<TTile>(source, IntrinsicMath.Min(step + 2, steps - 1));
            }
            product.Add(ref sums, inputs, weights);
            (inputs, nextInputs, lastInputs) = (nextInputs, lastInputs, inputs);
            (weights, nextWeights) = (nextWeights, weights);
        }
        return sums;
    }
}
