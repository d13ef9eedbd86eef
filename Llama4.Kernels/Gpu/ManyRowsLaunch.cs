using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Up to this many rows that share a matrix, the smaller tile has less to do in vain and more groups.
    const int MostSmallTileRows = 64;

    bool HasSmallGroups => groupThreads < GroupThreads;

    void MultiplyMany(ProductWay way, Encoding encoding, in BFloatRows x, in ProductArguments a)
    {
        if (way == ProductWay.ManyRowsDecoded) FormatSwitch.Call(encoding, new ManyRowsCall(this, x, a));
        else if (encoding == Encoding.F16) MultiplyMany<ChunkTile<F16Chunks>, ChunkTile<F16Chunks>.Raw>(x, a);
        else if (encoding == Encoding.BF16) MultiplyMany<ChunkTile<BF16Chunks>, ChunkTile<BF16Chunks>.Raw>(x, a);
        else if (encoding == Encoding.F8E4M3) MultiplyMany<ChunkTile<F8E4M3Chunks>, ChunkTile<F8E4M3Chunks>.Raw>(x, a);
        else if (encoding == Encoding.Q8_0) MultiplyMany<PieceTile<Q8_0Pieces, Q8_0Pieces.Raw>, Q8_0Pieces.Raw>(x, a);
        else if (encoding == Encoding.Q4_0) MultiplyMany<PieceTile<Q4_0Pieces, Q4_0Pieces.Raw>, Q4_0Pieces.Raw>(x, a);
        else if (encoding == Encoding.Q4_K) MultiplyMany<PieceTile<Q4_KPieces, Q4_KPieces.Raw>, Q4_KPieces.Raw>(x, a);
        else MultiplyMany<PieceTile<Q6_KPieces, Q6_KPieces.Raw>, Q6_KPieces.Raw>(x, a);
    }

    void MultiplyMany<TWeights, TRaw>(in BFloatRows x, in ProductArguments a)
        where TWeights : struct, ITileWeights<TRaw>
        where TRaw : unmanaged
    {
        int sharers = a.Choices == 0 ? a.Rows : a.Rows / a.Experts;
        if (HasSmallGroups) MultiplyMany<TinyTile, TWeights, TRaw>(x, a);
        else if (sharers <= MostSmallTileRows) MultiplyMany<SmallTile, TWeights, TRaw>(x, a);
        else MultiplyMany<LargeTile, TWeights, TRaw>(x, a);
    }

    void MultiplyMany<TTile, TWeights, TRaw>(in BFloatRows x, in ProductArguments a)
        where TTile : struct, ITile
        where TWeights : struct, ITileWeights<TRaw>
        where TRaw : unmanaged
    {
        RowOrder order = default;
        int rowTiles = (a.Rows + TileShape<TTile>.Rows - 1) / TileShape<TTile>.Rows;
        if (a.Choices != 0)
        {
            order = SortByExpert(a);
            // Each expert, and the unknown ones together, may have one tile that is not full.
            rowTiles = a.Rows / TileShape<TTile>.Rows + Math.Min(a.Rows, a.Experts + 1);
        }
        long groups = (long)rowTiles * a.Groups(TileShape<TTile>.Outputs);
        Launch(groups, new ManyRows<TTile, TWeights, TRaw>(x, a, order, rowTiles), TileShape<TTile>.Threads, TileShape<TTile>.SharedBytes);
    }

    /// <summary>On the device: the host never learns which rows go where.</summary>
    RowOrder SortByExpert(in ProductArguments a)
    {
        long rows = orderScratch.Address((a.Rows + a.Experts + 2L) * 4);
        var order = new RowOrder { Rows = rows, Starts = rows + a.Rows * 4L };
        ForWarps(a.Experts + 1, new SortByExpertKernel(a.Choices, a.Rows, a.Experts, order));
        return order;
    }

    readonly struct ManyRowsCall(GpuDevice device, BFloatRows x, ProductArguments arguments) : IAnyFormatAction
    {
        public void Run<TFormat, TBlock>()
            where TFormat : struct, IFormat<TBlock>
            where TBlock : unmanaged
        {
            if (device.HasSmallGroups) device.MultiplyMany<TinyTile, DecodeTile<TFormat, TBlock>, byte>(x, arguments);
            else device.MultiplyMany<LargeTile, DecodeTile<TFormat, TBlock>, byte>(x, arguments);
        }
    }
}
