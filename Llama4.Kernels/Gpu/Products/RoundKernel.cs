using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Rounds x: a thread for each 8 numbers.</summary>
readonly struct RoundKernel(long x, int columns, BFloatRows y, long items) : IKernel
{
    public void Run()
    {
        long item = GroupWork.Thread;
        if (item >= items) return;
        int perRow = y.Columns / 8, column = (int)(item % perRow) * 8;
        long row = item / perRow, source = x + (row * columns + column) * 4;
        UInt4 rounded = default;
        if (columns % 8 == 0 && column < columns && x % 16 == 0)
        {
            Float4 a = Memory.Floats(source), b = Memory.Floats(source + 16);
            rounded.X = Arithmetic.PackBFloats(a.X, a.Y);
            rounded.Y = Arithmetic.PackBFloats(a.Z, a.W);
            rounded.Z = Arithmetic.PackBFloats(b.X, b.Y);
            rounded.W = Arithmetic.PackBFloats(b.Z, b.W);
        }
        else
        {
            rounded.X = Pair(source, column);
            rounded.Y = Pair(source + 8, column + 2);
            rounded.Z = Pair(source + 16, column + 4);
            rounded.W = Pair(source + 24, column + 6);
        }
        Memory.Store(y.Address + item * 16, rounded);
    }

    uint Pair(long source, int column) => Arithmetic.PackBFloats(
        column < columns ? Memory.Float(source) : 0, column + 1 < columns ? Memory.Float(source + 4) : 0);
}
