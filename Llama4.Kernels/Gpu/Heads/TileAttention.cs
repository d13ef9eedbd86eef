using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// Attention of many rows over their cache. The query heads of one key head count as rows of their own, so that they share its keys: a group takes
/// 16 such rows for each warp. Sequences that meet in a group are done one after the other.
/// </summary>
readonly struct TileAttentionKernel<TFragments, TWidth>(long q, KvPlace cache, long y, int firstRow, int rows, int heads, int tiles) : IKernel
    where TFragments : struct, IKvFragments
    where TWidth : struct, IHeadWidth
{
    public void Run()
    {
        int shared = SharedBytes.Open(), share = heads / cache.Heads, height = Group.DimX / 2;
        // The last rows see most: they come first.
        int keyHead = Grid.IdxX % cache.Heads, first = (tiles - 1 - Grid.IdxX / cache.Heads) * height, count = rows * share;
        int own = first + Group.IdxX / Lanes.Count * 16 + (Warp.LaneIdx >> 2);
        long upper = Head(own, count, share, keyHead), lower = Head(own + 8, count, share, keyHead);
        TileQuery query = AttentionTile<TFragments, TWidth>.Query(upper < 0 ? 0 : q + upper, lower < 0 ? 0 : q + lower, cache.HeadDim);

        int row = firstRow + first / share, end = firstRow + (IntrinsicMath.Min(first + height, count) - 1) / share + 1;
        while (row < end)
        {
            int sequence = cache.Sequence(row), next = row + 1;
            while (next < end && cache.Sequence(next) == sequence) next++;
            int upperSeen = Seen(own, share, row, next), lowerSeen = Seen(own + 8, share, row, next);
            TileState state = Attend(query, shared, sequence, keyHead, cache.Slot(next - 1) + 1, upperSeen, lowerSeen);
            AttentionTile<TFragments, TWidth>.Store(
                state, upper >= 0 && upperSeen > 0 ? y + upper : 0, lower >= 0 && lowerSeen > 0 ? y + lower : 0, cache.HeadDim);
            row = next;
        }
    }

    /// <summary>Byte offset of a row and head; −1 beyond the last.</summary>
    long Head(int index, int count, int share, int keyHead) =>
        index < count ? (((long)firstRow + index / share) * heads + keyHead * share + index % share) * cache.HeadDim * 4 : -1;

    /// <summary>Positions that a row sees; 0 where it is not among those from <paramref name="from"/> to <paramref name="to"/>.</summary>
    int Seen(int index, int share, int from, int to)
    {
        int row = firstRow + index / share;
        return row >= from && row < to ? cache.Slot(row) + 1 : 0;
    }

    TileState Attend(in TileQuery query, int shared, int sequence, int keyHead, int seen, int upperSeen, int lowerSeen)
    {
        TileState state = TileState.Empty();
        int stage = shared, other = shared + AttentionTile<TFragments, TWidth>.StageBytes;
        for (int slot = -AttentionTile<TFragments, TWidth>.Positions; slot < seen; slot += AttentionTile<TFragments, TWidth>.Positions)
        {
            int following = slot + AttentionTile<TFragments, TWidth>.Positions;
            if (following < seen) Fetch(other, sequence, keyHead, following, seen);
            SharedBytes.CommitCopies();
            if (slot >= 0) AttentionTile<TFragments, TWidth>.Add(ref state, query, stage, upperSeen - slot, lowerSeen - slot);
            SharedBytes.WaitForCopies(0);
            Group.Barrier();
            (stage, other) = (other, stage);
        }
        return state;
    }

    /// <summary>Brings the positions from a slot on into a stage, 16 at a time: they lie in one page.</summary>
    void Fetch(int stage, int sequence, int keyHead, int slot, int seen)
    {
        // Of 16-bit entries a thread copies a chunk of a key and of its value; of bytes it decodes words of one or the other.
        int items = TFragments.IsBytes ? 16 : AttentionTile<TFragments, TWidth>.Chunks;
        for (int tile = 0; tile < AttentionTile<TFragments, TWidth>.Positions; tile += Spans.Tile)
        {
            int first = slot + tile, place = cache.Row(first);
            long page = first < seen ? cache.Page(sequence, first) : 0, keys = cache.Keys(page, keyHead), values = cache.Values(page, keyHead);
            for (int i = Group.IdxX; i < Spans.Tile * items; i += Group.DimX)
            {
                int row = i / items, item = i % items, target = stage + (tile + row) * AttentionTile<TFragments, TWidth>.RowBytes;
                bool isSeen = first + row < seen;
                long offset = (long)(place + row) * TWidth.Blocks * 64 + item * 16;
                if (!TFragments.IsBytes)
                    AttentionTile<TFragments, TWidth>.Fetch(target + item * 16, keys + offset, values + offset, isSeen, page != 0);
                else if (item < 8) StoreBytes(target, keys, place + row, item, isSeen, page != 0);
                else StoreBytes(target + AttentionTile<TFragments, TWidth>.PartBytes, values, place + row, item - 8, isSeen, page != 0);
            }
        }
    }

    /// <summary>Decodes word <paramref name="item"/> of each block of an entry.</summary>
    void StoreBytes(int target, long part, int place, int item, bool isSeen, bool isPresent)
    {
        UInt4 words = default;
        Float4 scales = default;
        if (isSeen && isPresent)
        {
            words = KvTile<TFragments, TWidth>.Bytes(part + (long)place * TWidth.Blocks * 32, item);
            scales = KvTile<TFragments, TWidth>.Scales(part, place, cache.PageRows);
        }
        else if (isSeen) scales.X = scales.Y = scales.Z = scales.W = float.NaN;
        target += item * 8;
        SharedBytes.StorePair(target, KvTile<TFragments, TWidth>.Decode(words.X, scales.X));
        SharedBytes.StorePair(target + 64, KvTile<TFragments, TWidth>.Decode(words.Y, scales.Y));
        if (TWidth.Blocks == 2) return;
        SharedBytes.StorePair(target + 128, KvTile<TFragments, TWidth>.Decode(words.Z, scales.Z));
        SharedBytes.StorePair(target + 192, KvTile<TFragments, TWidth>.Decode(words.W, scales.W));
    }
}
