using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Heads;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    readonly DeviceScratch groupScratch;

    public override void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Input(k, y.Rows, y.Columns);
        Check.Input(v, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (groupRows < 1 || y.Rows % groupRows != 0 || heads < 1 || y.Columns % heads != 0)
            throw new ArgumentException($"GroupAttention: {y.Rows}×{y.Columns} in groups of {groupRows} rows and {heads} heads", nameof(groupRows));
        int headDim = y.Columns / heads;
        CheckHeadDim(headDim, nameof(GroupAttention));
        // Narrow heads would be padding for the most part.
        bool fits = headDim % 2 == 0 && (q.Address | k.Address | v.Address | y.Address) % 8 == 0;
        if (fits && headDim is > 32 and <= 64) AttendGroups<Width64>(q, k, v, groupRows, heads, y);
        else if (fits && headDim is > 64 and <= 96) AttendGroups<Width96>(q, k, v, groupRows, heads, y);
        else if (fits && headDim > 96) AttendGroups<Width128>(q, k, v, groupRows, heads, y);
        else
        {
            long items = (long)y.Rows * heads;
            ForWarps(items, new GroupAttentionKernel(q.Address, k.Address, v.Address, y.Address, groupRows, heads, headDim, items));
        }
    }

    void AttendGroups<TWidth>(in Tensor q, in Tensor k, in Tensor v, int groupRows, int heads, in Tensor y)
        where TWidth : struct, IHeadWidth
    {
        if (y.Rows == 0) return;
        int headDim = y.Columns / heads, width = TWidth.Blocks * 32;
        long pairs = (long)y.Rows * heads * (width / 2), bytes = pairs * 4;
        long keys = groupScratch.Address(2 * bytes), values = keys + bytes;
        ForNumbers(pairs, new PadHeadsKernel(k.Address, keys, headDim, width, pairs));
        ForNumbers(pairs, new PadHeadsKernel(v.Address, values, headDim, width, pairs));
        int height = groupThreads / 2, tiles = (groupRows + height - 1) / height;
        var kernel = new GroupTileKernel<TWidth>(q.Address, keys, values, y.Address, groupRows, heads, headDim, tiles);
        Launch((long)(y.Rows / groupRows) * heads * tiles, kernel, sharedBytes: 2 * AttentionTile<BFloatFragments, TWidth>.StageBytes);
    }

    /// <summary>Heads as bfloat16, filled up with zeros to a width. A thread for each pair of numbers.</summary>
    internal readonly struct PadHeadsKernel(long source, long target, int headDim, int width, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            int pairs = width / 2, number = (int)(i % pairs) * 2;
            Float2 pair = default;
            if (number < headDim) pair = Memory.Pair(source + (i / pairs * headDim + number) * 4);
            Memory.Store(target + i * 4, (int)Arithmetic.PackBFloats(pair.X, pair.Y));
        }
    }

    /// <summary>A group for each head and 16 rows per warp.</summary>
    internal readonly struct GroupTileKernel<TWidth>(long q, long keys, long values, long y, int groupRows, int heads, int headDim, int tiles) : IKernel
        where TWidth : struct, IHeadWidth
    {
        public void Run()
        {
            int shared = SharedBytes.Open(), tile = Grid.IdxX % tiles, head = Grid.IdxX / tiles % heads;
            long from = Grid.IdxX / tiles / heads * (long)groupRows;
            int own = tile * (Group.DimX / 2) + Group.IdxX / Lanes.Count * 16 + (Warp.LaneIdx >> 2);
            long upper = own < groupRows ? ((from + own) * heads + head) * headDim * 4 : -1;
            long lower = own + 8 < groupRows ? ((from + own + 8) * heads + head) * headDim * 4 : -1;
            TileQuery query = AttentionTile<BFloatFragments, TWidth>.Query(upper < 0 ? 0 : q + upper, lower < 0 ? 0 : q + lower, headDim);
            TileState state = TileState.Empty();
            int stage = shared, other = shared + AttentionTile<BFloatFragments, TWidth>.StageBytes;
            long start = (from * heads + head) * TWidth.Blocks * 64;
            for (int row = -AttentionTile<BFloatFragments, TWidth>.Positions; row < groupRows; row += AttentionTile<BFloatFragments, TWidth>.Positions)
            {
                int following = row + AttentionTile<BFloatFragments, TWidth>.Positions;
                if (following < groupRows) Fetch(other, start, following);
                SharedBytes.CommitCopies();
                if (row >= 0) AttentionTile<BFloatFragments, TWidth>.Add(ref state, query, stage, groupRows - row, groupRows - row);
                SharedBytes.WaitForCopies(0);
                Group.Barrier();
                (stage, other) = (other, stage);
            }
            AttentionTile<BFloatFragments, TWidth>.Store(state, upper < 0 ? 0 : y + upper, lower < 0 ? 0 : y + lower, headDim);
        }

        void Fetch(int stage, long start, int first)
        {
            int chunks = AttentionTile<BFloatFragments, TWidth>.Chunks;
            for (int i = Group.IdxX; i < AttentionTile<BFloatFragments, TWidth>.Positions * chunks; i += Group.DimX)
            {
                int row = i / chunks, chunk = i % chunks;
                long offset = start + (long)(first + row) * heads * TWidth.Blocks * 64 + chunk * 16;
                int target = stage + row * AttentionTile<BFloatFragments, TWidth>.RowBytes + chunk * 16;
                AttentionTile<BFloatFragments, TWidth>.Fetch(target, keys + offset, values + offset, first + row < groupRows, isPresent: true);
            }
        }
    }

    /// <summary>For every shape: a warp for each head of each row.</summary>
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
