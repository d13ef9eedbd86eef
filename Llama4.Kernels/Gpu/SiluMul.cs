namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void SiluMul(Tensor gate, Tensor up, Tensor y)
    {
        Check.Input(gate, y.Rows, y.Columns);
        Check.Input(up, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        ForNumbers(y.Count, new SiluMulKernel(gate.Address, up.Address, y.Address, y.Count));
    }

    internal readonly struct SiluMulKernel(long gate, long up, long y, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            float z = Memory.Float(gate + i * 4);
            Memory.Store(y + i * 4, z / (1 + Arithmetic.Exp(-z)) * Memory.Float(up + i * 4));
        }
    }
}
