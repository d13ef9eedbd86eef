using ILGPU;
using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Weights of any format and layout, decoded number by number where they lie.</summary>
readonly struct DecodeTile<TFormat, TBlock> : ITileWeights<byte>
    where TFormat : struct, IFormat<TBlock>
    where TBlock : unmanaged
{
    public static int Column(int step, int run) => step * 64 + run * 16;

    public static void Begin<TTile>(ref TileWeights source)
        where TTile : struct, ITile => source.A = source.Offset(Group.IdxX % TileShape<TTile>.Outputs);

    public static byte Load<TTile>(in TileWeights source, int step)
        where TTile : struct, ITile => 0;

    public static void Store<TTile>(in TileWeights source, int step, byte raw, int tile)
        where TTile : struct, ITile
    {
        // Neighbouring threads have neighbouring outputs: beside each other where the weights are input-major.
        int output = Group.IdxX % TileShape<TTile>.Outputs, stride = TileShape<TTile>.Threads / TileShape<TTile>.Outputs;
        long row = source.First + source.A;
        for (int chunk = Group.IdxX / TileShape<TTile>.Outputs; chunk < 8; chunk += stride)
        {
            int column = step * 64 + chunk * 8;
            UInt4 numbers = default;
            numbers.X = Pair(source, row, column);
            numbers.Y = Pair(source, row, column + 2);
            numbers.Z = Pair(source, row, column + 4);
            numbers.W = Pair(source, row, column + 6);
            SharedBytes.Store(TilePlace.Of(tile, output, chunk), numbers);
        }
    }

    static uint Pair(in TileWeights source, long row, int column) =>
        Arithmetic.PackBFloats(Number(source, row, column), Number(source, row, column + 1));

    static float Number(in TileWeights source, long row, int column) => column < source.Columns
        ? TFormat.Decode(in Memory.At<TBlock>(row + column / TFormat.Length * source.InputBytes), column % TFormat.Length)
        : 0;
}
