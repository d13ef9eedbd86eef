using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void ScaleByPosition(Tensor q, Tensor positions, float floor, float scale)
    {
        Check.Output(q, q.Rows, q.Columns);
        Check.Input(positions, 1, q.Rows, Encoding.I32);
        ForNumbers(q.Count, new ScaleByPositionKernel(q.Address, positions.Address, floor, scale, q.Columns, q.Count));
    }

    internal readonly struct ScaleByPositionKernel(long q, long positions, float floor, float scale, int columns, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            Memory.Store(q + i * 4, Memory.Float(q + i * 4) * Factor(Memory.Int(positions + i / columns * 4), floor, scale));
        }

        public static float Factor(int position, float floor, float scale)
        {
            const float Log2 = 0.69314718f;
            // The floor is taken in float as in the reference implementations; it is exact for every position below 2²⁴.
            float chunks = Arithmetic.Floor(((float)position + 1) / floor);
            return Arithmetic.MultiplyAdd(scale * Log2, Arithmetic.Log2(1 + chunks), 1f);
        }
    }
}
