namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Small groups spread more evenly over the multiprocessors.
    const int FewRowsThreads = 128;

    void MultiplyBytes(Encoding encoding, in ByteRows x, in ProductArguments a)
    {
        if (encoding == Encoding.Q8_0) MultiplyBytes<Q8_0Pieces, Q8_0Pieces.Raw>(x, a);
        else if (encoding == Encoding.Q4_0) MultiplyBytes<Q4_0Pieces, Q4_0Pieces.Raw>(x, a);
        else if (encoding == Encoding.Q4_K) MultiplyBytes<Q4_KPieces, Q4_KPieces.Raw>(x, a);
        else MultiplyBytes<Q6_KPieces, Q6_KPieces.Raw>(x, a);
    }

    void MultiplyBytes<TPieces, TRaw>(in ByteRows x, in ProductArguments a)
        where TPieces : struct, IPieces<TRaw>
        where TRaw : unmanaged
    {
        int rows = RowsTogether(a);
        if (rows == 1) ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, OneRow>(x, a));
        else if (rows == 2) ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, TwoRows>(x, a));
        else if (rows == 4) ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, FourRows>(x, a));
        else ForItems(rows, a, new FewRowsBytes<TPieces, TRaw, EightRows>(x, a));
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

    void ForItems<TKernel>(int rows, in ProductArguments a, in TKernel kernel)
        where TKernel : unmanaged, IKernel
    {
        int threads = Math.Min(FewRowsThreads, groupThreads), warps = threads / Lanes.Count;
        long items = (long)a.Groups(FewRowsItem.Width) * ((a.Rows + rows - 1) / rows);
        Launch((items + warps - 1) / warps, kernel, threads);
    }
}
