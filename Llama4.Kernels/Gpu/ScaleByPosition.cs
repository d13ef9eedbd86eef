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
        const float Log2 = 0.69314718f;

        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            // The floor is taken in float as in the reference implementations; it is exact for every position below 2²⁴.
            float chunks = Arithmetic.Floor(((float)Memory.Int(positions + i / columns * 4) + 1) / floor);
            float factor = Arithmetic.MultiplyAdd(scale * Log2, Arithmetic.Log2(1 + chunks), 1f);
            Memory.Store(q + i * 4, Memory.Float(q + i * 4) * factor);
        }
    }
}
