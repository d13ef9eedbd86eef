using ILGPU;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void RmsNorm(Tensor x, Tensor? w, float eps, Tensor y)
    {
        Check.Input(x, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (w is Tensor weight) Check.Input(weight, 1, y.Columns, name: nameof(w));
        Launch(y.Rows, new RmsNormKernel(x.Address, w?.Address ?? 0, eps, y.Address, y.Columns));
    }

    /// <summary>A group for each row. w is 0 where there is none.</summary>
    internal readonly struct RmsNormKernel(long x, long w, float eps, long y, int columns) : IKernel
    {
        public void Run()
        {
            long start = (long)Grid.IdxX * columns * 4;
            float sum = 0;
            for (int c = Group.IdxX; c < columns; c += Group.DimX)
            {
                float value = Memory.Float(x + start + c * 4L);
                sum = Arithmetic.MultiplyAdd(value, value, sum);
            }
            float factor = 1 / MathF.Sqrt(GroupWork.Sum(sum) / columns + eps);
            for (int c = Group.IdxX; c < columns; c += Group.DimX)
            {
                float value = Memory.Float(x + start + c * 4L) * factor;
                if (w != 0) value *= Memory.Float(w + c * 4L);
                Memory.Store(y + start + c * 4L, value);
            }
        }
    }
}
