using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void RmsNorm(Tensor x, Tensor? w, float eps, Tensor y) => RmsNorm(x, w, eps, y, default);

    /// <param name="bytes">Takes y as bytes; default: nothing.</param>
    void RmsNorm(in Tensor x, Tensor? w, float eps, in Tensor y, ByteRows bytes)
    {
        Check.Input(x, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (w is Tensor weight) Check.Input(weight, 1, y.Columns, name: nameof(w));
        long address = w?.Address ?? 0;
        if (y.Columns % 4 == 0 && (x.Address | y.Address | address) % 16 == 0)
            Launch(y.Rows, new NormFoursKernel(x.Address, address, eps, y.Address, bytes, y.Columns));
        else
            Launch(y.Rows, new RmsNormKernel(x.Address, address, eps, y.Address, y.Columns));
    }

    /// <summary>A group for each row, four numbers for each load, and y as bytes beside if wanted. w is 0 where there is none.</summary>
    internal readonly struct NormFoursKernel(long x, long w, float eps, long y, ByteRows bytes, int columns) : IKernel
    {
        public void Run()
        {
            long start = (long)Grid.IdxX * columns;
            float sum = 0;
            for (int c = Group.IdxX * 4; c < columns; c += Group.DimX * 4)
            {
                Float4 v = Memory.Floats(x + (start + c) * 4);
                sum += Arithmetic.MultiplyAdd(v.X, v.X, Arithmetic.MultiplyAdd(v.Y, v.Y, Arithmetic.MultiplyAdd(v.Z, v.Z, v.W * v.W)));
            }
            float factor = 1 / MathF.Sqrt(GroupWork.Sum(sum) / columns + eps);
            // Every lane takes part until the whole group is done.
            for (int from = 0; from < columns; from += Group.DimX * 4)
            {
                int c = from + Group.IdxX * 4;
                Float4 v = default;
                if (c < columns)
                {
                    v = Memory.Floats(x + (start + c) * 4);
                    v.X *= factor;
                    v.Y *= factor;
                    v.Z *= factor;
                    v.W *= factor;
                    if (w != 0) v = Times(v, Memory.Floats(w + c * 4L));
                    Memory.Store(y + (start + c) * 4, v);
                }
                if (bytes.Values != 0) ByteWriter.Write(bytes, start + c, v, c < columns);
            }
        }

        static Float4 Times(Float4 a, Float4 b)
        {
            a.X *= b.X;
            a.Y *= b.Y;
            a.Z *= b.Z;
            a.W *= b.W;
            return a;
        }
    }

    /// <summary>A group for each row, for every number of columns. w is 0 where there is none.</summary>
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
