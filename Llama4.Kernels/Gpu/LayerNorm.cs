using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void LayerNorm(Tensor x, Tensor w, Tensor b, float eps, Tensor y)
    {
        Check.Input(x, y.Rows, y.Columns);
        Check.Input(w, 1, y.Columns);
        Check.Input(b, 1, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        Launch(y.Rows, new LayerNormKernel(x.Address, w.Address, b.Address, eps, y.Address, y.Columns));
    }

    /// <summary>A group for each row; the variance is summed around the mean.</summary>
    internal readonly struct LayerNormKernel(long x, long w, long b, float eps, long y, int columns) : IKernel
    {
        public void Run()
        {
            long start = (long)Grid.IdxX * columns * 4;
            float sum = 0;
            for (int c = Group.IdxX; c < columns; c += Group.DimX) sum += Memory.Float(x + start + c * 4L);
            float mean = GroupWork.Sum(sum) / columns;
            float squares = 0;
            for (int c = Group.IdxX; c < columns; c += Group.DimX)
            {
                float distance = Memory.Float(x + start + c * 4L) - mean;
                squares = Arithmetic.MultiplyAdd(distance, distance, squares);
            }
            float factor = 1 / MathF.Sqrt(GroupWork.Sum(squares) / columns + eps);
            for (int c = Group.IdxX; c < columns; c += Group.DimX)
            {
                float normed = (Memory.Float(x + start + c * 4L) - mean) * factor;
                Memory.Store(y + start + c * 4L, Arithmetic.MultiplyAdd(normed, Memory.Float(w + c * 4L), Memory.Float(b + c * 4L)));
            }
        }
    }
}
