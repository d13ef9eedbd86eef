using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Float weights, 16 bytes at a time: neighbouring threads have neighbouring ones.</summary>
readonly struct ChunkTile<TChunks> : ITileWeights<ChunkTile<TChunks>.Raw>
    where TChunks : struct, IBFloatChunks
{
    public struct Raw
    {
        public UInt4 A, B, C, D;
    }

    static int ChunksOfRow => 64 / TChunks.Length;

    public static int Column(int step, int run) => step * 64 + run * 16;

    public static void Begin<TTile>(ref TileWeights source)
        where TTile : struct, ITile
    {
        source.A = Offset<TTile>(source, 0);
        if (Count<TTile>() > 1) source.B = Offset<TTile>(source, 1);
        if (Count<TTile>() > 2) source.C = Offset<TTile>(source, 2);
        if (Count<TTile>() > 2) source.D = Offset<TTile>(source, 3);
    }

    public static Raw Load<TTile>(in TileWeights source, int step)
        where TTile : struct, ITile
    {
        Raw raw = default;
        // The same chunk in each of the thread's outputs.
        int chunk = step * ChunksOfRow + Group.IdxX % ChunksOfRow;
        if (chunk * TChunks.Length >= source.Columns) return raw;
        long first = source.First + chunk * 16L;
        raw.A = Memory.NearWeights(first + source.A);
        if (Count<TTile>() > 1) raw.B = Memory.NearWeights(first + source.B);
        if (Count<TTile>() > 2) raw.C = Memory.NearWeights(first + source.C);
        if (Count<TTile>() > 2) raw.D = Memory.NearWeights(first + source.D);
        return raw;
    }

    public static void Store<TTile>(in TileWeights source, int step, Raw raw, int tile)
        where TTile : struct, ITile
    {
        Store<TTile>(tile, 0, raw.A);
        if (Count<TTile>() > 1) Store<TTile>(tile, 1, raw.B);
        if (Count<TTile>() > 2) Store<TTile>(tile, 2, raw.C);
        if (Count<TTile>() > 2) Store<TTile>(tile, 3, raw.D);
    }

    /// <summary>Chunks of a thread: 1, 2 or 4.</summary>
    static int Count<TTile>()
        where TTile : struct, ITile => TileShape<TTile>.Outputs * ChunksOfRow / TileShape<TTile>.Threads;

    static int Offset<TTile>(in TileWeights source, int index)
        where TTile : struct, ITile => source.Offset((Group.IdxX + index * TileShape<TTile>.Threads) / ChunksOfRow);

    static void Store<TTile>(int tile, int index, UInt4 raw)
        where TTile : struct, ITile
    {
        int item = Group.IdxX + index * TileShape<TTile>.Threads, output = item / ChunksOfRow, chunk = item % ChunksOfRow * (TChunks.Length / 8);
        SharedBytes.Store(TilePlace.Of(tile, output, chunk), TChunks.BFloats(raw, 0));
        if (TChunks.Length > 8) SharedBytes.Store(TilePlace.Of(tile, output, chunk + 1), TChunks.BFloats(raw, 1));
    }
}
