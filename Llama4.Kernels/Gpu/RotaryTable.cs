using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void RotaryTable(Tensor positions, Tensor frequencies, Tensor table)
    {
        Check.Input(positions, 1, table.Rows, Encoding.I32);
        Check.Input(frequencies, 1, table.Columns / 2);
        Check.Output(table, table.Rows, frequencies.Columns * 2);
        long count = (long)table.Rows * frequencies.Columns;
        ForNumbers(count, new RotaryTableKernel(positions.Address, frequencies.Address, table.Address, frequencies.Columns, count));
    }

    /// <summary>A thread for each pair. The angle is rounded to float as in the reference implementations; it reaches 10⁷, so the rest is in double.</summary>
    internal readonly struct RotaryTableKernel(long positions, long frequencies, long table, int pairs, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            float angle = (float)Memory.Int(positions + i / pairs * 4) * Memory.Float(frequencies + i % pairs * 4);
            // angle = quarters · π/2 + r, |r| ≤ π/4; the two parts of π/2 make the product exact enough for every angle below 10⁸.
            double quarters = Arithmetic.Round((double)angle * 0.63661977236758134);
            double r = Arithmetic.MultiplyAdd(quarters, -1.5707963267948966, (double)angle);
            r = Arithmetic.MultiplyAdd(quarters, -6.123233995736766e-17, r);
            double sin = Sin(r), cos = Cos(r);
            long turn = (long)quarters & 3;
            double x = turn == 0 ? cos : turn == 1 ? -sin : turn == 2 ? -cos : sin;
            double y = turn == 0 ? sin : turn == 1 ? cos : turn == 2 ? -sin : -cos;
            Memory.Store(table + i * 8, (float)x);
            Memory.Store(table + i * 8 + 4, (float)y);
        }

        // Taylor series; the first term left out is below 10⁻¹¹.
        static double Sin(double r)
        {
            double z = r * r;
            double p = Arithmetic.MultiplyAdd(z, -1.0 / 39916800, 1.0 / 362880);
            p = Arithmetic.MultiplyAdd(p, z, -1.0 / 5040);
            p = Arithmetic.MultiplyAdd(p, z, 1.0 / 120);
            p = Arithmetic.MultiplyAdd(p, z, -1.0 / 6);
            return Arithmetic.MultiplyAdd(p * z, r, r);
        }

        static double Cos(double r)
        {
            double z = r * r;
            double p = Arithmetic.MultiplyAdd(z, 1.0 / 479001600, -1.0 / 3628800);
            p = Arithmetic.MultiplyAdd(p, z, 1.0 / 40320);
            p = Arithmetic.MultiplyAdd(p, z, -1.0 / 720);
            p = Arithmetic.MultiplyAdd(p, z, 1.0 / 24);
            p = Arithmetic.MultiplyAdd(p, z, -0.5);
            return Arithmetic.MultiplyAdd(p, z, 1.0);
        }
    }
}
