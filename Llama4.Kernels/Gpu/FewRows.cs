using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Small groups spread more evenly over the multiprocessors.
    const int FewRowsThreads = 128;

    // Groups with a row of x in shared memory that find room on a multiprocessor at once, and the row's most bytes for that.
    const int OwnRowGroups = 5, MostRowBytes = 32 << 10;

    void MultiplyBytes(Encoding encoding, ref ProductInput x, in ProductArguments a)
    {
        if (encoding == Encoding.Q8_0) MultiplyBytes<Q8_0Pieces, Q8_0Pieces.Raw>(ref x, a);
        else if (encoding == Encoding.Q4_0) MultiplyBytes<Q4_0Pieces, Q4_0Pieces.Raw>(ref x, a);
        else if (encoding == Encoding.Q4_K) MultiplyBytes<Q4_KPieces, Q4_KPieces.Raw>(ref x, a);
        else MultiplyBytes<Q6_KPieces, Q6_KPieces.Raw>(ref x, a);
    }

    void MultiplyBytes<TPieces, TRaw>(ref ProductInput x, in ProductArguments a)
        where TPieces : struct, IPieces<TRaw>
        where TRaw : unmanaged
    {
        int rows = RowsTogether(a);
        if (a.Rows == 1 && !x.HasBytes && OwnByteRow.Bytes(a.Columns) <= MostRowBytes)
            ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, OneRow, OwnByteRow>(new(x.X.Address, a.Columns), a), OwnByteRow.Bytes(a.Columns));
        else if (rows == 1) ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, OneRow, ByteRows>(x.Bytes(), a));
        else if (rows == 2) ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, TwoRows, ByteRows>(x.Bytes(), a));
        else if (rows == 4) ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, FourRows, ByteRows>(x.Bytes(), a));
        else ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, EightRows, ByteRows>(x.Bytes(), a));
    }

    void MultiplyFragments(Encoding encoding, in FragmentRows x, in ProductArguments a)
    {
        if (encoding == Encoding.Q8_0) MultiplyFragments<Q8_0Fragments, Q8_0Fragments.Raw>(x, a);
        else MultiplyFragments<Q4_KFragments, Q4_KFragments.Raw>(x, a);
    }

    void MultiplyFragments<TFragments, TRaw>(in FragmentRows x, in ProductArguments a)
        where TFragments : struct, IFragments<TRaw>
        where TRaw : unmanaged
    {
        int blocks = FragmentRows.Padded(a.Rows) / FragmentRows.RowsTogether;
        if (blocks == 1) MultiplyFragments<TFragments, TRaw, OneRow>(blocks, x, a);
        else if (blocks == 2) MultiplyFragments<TFragments, TRaw, TwoRows>(blocks, x, a);
        else MultiplyFragments<TFragments, TRaw, FourRows>(blocks, x, a);
    }

    void MultiplyFragments<TFragments, TRaw, TBlocks>(int blocks, in FragmentRows x, in ProductArguments a)
        where TFragments : struct, IFragments<TRaw>
        where TRaw : unmanaged
        where TBlocks : struct, IRowCount
    {
        int threads = FewRowsTensor<TFragments, TRaw, TBlocks>.Warps * Lanes.Count, outputs = FewRowsTensor<TFragments, TRaw, TBlocks>.Outputs;
        long groups = (blocks + TBlocks.Count - 1L) / TBlocks.Count * a.Groups(outputs);
        Launch(groups, new FewRowsTensor<TFragments, TRaw, TBlocks>(x, a), threads);
    }

    void MultiplyFloats(Encoding encoding, in Tensor x, in ProductArguments a)
    {
        if (encoding == Encoding.F32) MultiplyFloats<F32Chunks>(x, a);
        else if (encoding == Encoding.F16) MultiplyFloats<F16Chunks>(x, a);
        else if (encoding == Encoding.BF16) MultiplyFloats<BF16Chunks>(x, a);
        else MultiplyFloats<F8E4M3Chunks>(x, a);
    }

    void MultiplyFloats<TChunks>(in Tensor x, in ProductArguments a)
        where TChunks : struct, IChunks
    {
        int rows = RowsTogether(a);
        if (rows == 1) ForItems(rows, a, new FewRowsFloats<TChunks, OneRow>(x.Address, a));
        else if (rows == 2) ForItems(rows, a, new FewRowsFloats<TChunks, TwoRows>(x.Address, a));
        else if (rows == 4) ForItems(rows, a, new FewRowsFloats<TChunks, FourRows>(x.Address, a));
        else ForItems(rows, a, new FewRowsFloats<TChunks, EightRows>(x.Address, a));
    }

    /// <summary>Rows of x that share one reading of the weights: with experts each row has weights of its own.</summary>
    static int RowsTogether(in ProductArguments a) => a.Choices != 0 || a.Rows == 1 ? 1 : a.Rows == 2 ? 2 : a.Rows <= 4 ? 4 : 8;

    void ForItems<TKernel>(int rows, in ProductArguments a, in TKernel kernel, int sharedBytes = 0)
        where TKernel : unmanaged, IKernel
    {
        int threads = Math.Min(FewRowsThreads, groupThreads), warps = threads / Lanes.Count;
        long groups = (FewRowsItem.Count(a, rows) + warps - 1) / warps;
        // Where a group first prepares x, it goes on with further items instead of leaving them to further groups.
        if (sharedBytes > 0) groups = Math.Min(groups, (long)OwnRowGroups * accelerator.NumMultiprocessors);
        Launch(groups, kernel, threads, sharedBytes);
    }
}
