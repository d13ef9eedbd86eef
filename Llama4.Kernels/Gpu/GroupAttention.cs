namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Input(k, y.Rows, y.Columns);
        Check.Input(v, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (groupRows < 1 || y.Rows % groupRows != 0 || heads < 1 || y.Columns % heads != 0)
            throw new ArgumentException($"GroupAttention: {y.Rows}×{y.Columns} in groups of {groupRows} rows and {heads} heads", nameof(groupRows));
        CheckHeadDim(y.Columns / heads, nameof(GroupAttention));
        long items = (long)y.Rows * heads;
        ForWarps(items, new GroupAttentionKernel(q.Address, k.Address, v.Address, y.Address, groupRows, heads, y.Columns / heads, items));
    }

    /// <summary>A warp for each head of each row.</summary>
    internal readonly struct GroupAttentionKernel(long q, long k, long v, long y, int groupRows, int heads, int headDim, long items) : IKernel
    {
        public void Run()
        {
            long item = GroupWork.WarpIndex;
            if (item >= items) return;
            long start = item * headDim * 4, rowBytes = (long)heads * headDim * 4;
            Float4 query = HeadState.Load(q + start, headDim);
            float scale = 1 / MathF.Sqrt(headDim);
            HeadState state = HeadState.Empty();
            long at = item / heads / groupRows * groupRows * rowBytes + item % heads * headDim * 4;
            for (int row = 0; row < groupRows; row++, at += rowBytes)
                state.Add(HeadState.Dot(query, HeadState.Load(k + at, headDim)) * scale, HeadState.Load(v + at, headDim));
            state.Store(y + start, headDim);
        }
    }
}
