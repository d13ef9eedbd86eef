using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Quantised weights, a piece for each thread.</summary>
readonly struct PieceTile<TPieces, TRaw> : ITileWeights<TRaw>
    where TPieces : struct, IPieces<TRaw>
    where TRaw : unmanaged
{
    public static int Column(int step, int run) => TPieces.Distance == 16
        ? TPieces.Column(2 * step + (run >> 1)) + (run & 1) * 16
        : TPieces.Column(2 * step + (run & 1)) + (run >> 1) * TPieces.Distance;

    public static void Begin<TTile>(ref TileWeights source)
        where TTile : struct, ITile => source.A = source.Offset(Group.IdxX >> 1);

    public static TRaw Load<TTile>(in TileWeights source, int step)
        where TTile : struct, ITile
    {
        int output = Group.IdxX >> 1, piece = 2 * step + (Group.IdxX & 1);
        // All bits 0 are a piece of zeros.
        return output < TileShape<TTile>.Outputs && piece * 32 < source.Columns
            ? TPieces.Load(source.First + source.A, piece, piece & 7)
            : default;
    }

    public static void Store<TTile>(in TileWeights source, int step, TRaw raw, int tile)
        where TTile : struct, ITile
    {
        int output = Group.IdxX >> 1, half = Group.IdxX & 1, piece = 2 * step + half;
        if (output >= TileShape<TTile>.Outputs) return;
        Piece numbers = TPieces.Unpack(raw, source.First + source.A, piece, piece & 7);
        int first = TPieces.Distance == 16 ? 4 * half : 2 * half, second = TPieces.Distance == 16 ? first + 2 : first + 4;
        StoreRun(tile, output, first, numbers.First, numbers.FirstScale, numbers.FirstOffset);
        StoreRun(tile, output, second, numbers.Second, numbers.SecondScale, numbers.SecondOffset);
    }

    static void StoreRun(int tile, int output, int chunk, UInt4 bytes, float scale, float offset)
    {
        UInt4 numbers = default;
        numbers.X = Pair(bytes.X, 0, scale, offset);
        numbers.Y = Pair(bytes.X, 16, scale, offset);
        numbers.Z = Pair(bytes.Y, 0, scale, offset);
        numbers.W = Pair(bytes.Y, 16, scale, offset);
        SharedBytes.Store(TilePlace.Of(tile, output, chunk), numbers);
        numbers.X = Pair(bytes.Z, 0, scale, offset);
        numbers.Y = Pair(bytes.Z, 16, scale, offset);
        numbers.Z = Pair(bytes.W, 0, scale, offset);
        numbers.W = Pair(bytes.W, 16, scale, offset);
        SharedBytes.Store(TilePlace.Of(tile, output, chunk + 1), numbers);
    }

    static uint Pair(uint bytes, int shift, float scale, float offset) => Arithmetic.PackBFloats(
        Arithmetic.MultiplyAdd((int)(bytes << (24 - shift)) >> 24, scale, offset),
        Arithmetic.MultiplyAdd((int)(bytes << (16 - shift)) >> 24, scale, offset));
}
