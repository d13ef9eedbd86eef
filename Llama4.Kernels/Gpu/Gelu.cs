using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void Gelu(Tensor x)
    {
        Check.Output(x, x.Rows, x.Columns);
        ForNumbers(x.Count, new GeluKernel(x.Address, x.Count));
    }

    /// <summary>x Φ(x) with the tail of the normal distribution as the CPU's Gelu has it: e^(−a²/2) P(s) / (a + 4), s = (a − 4) / (a + 4), a = |x|.</summary>
    internal readonly struct GeluKernel(long x, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            float value = Memory.Float(x + i * 4);
            // From 16 on the tail is 0; infinity would spoil s.
            float a = MathF.Abs(value);
            if (a > 16) a = 16;
            float t = 1 / (a + 4), s = (a - 4) * t;
            float p = -0.00012082212f;
            p = Arithmetic.MultiplyAdd(p, s, 0.00019919379f);
            p = Arithmetic.MultiplyAdd(p, s, 0.0015702820f);
            p = Arithmetic.MultiplyAdd(p, s, -0.0035262525f);
            p = Arithmetic.MultiplyAdd(p, s, -0.0075283665f);
            p = Arithmetic.MultiplyAdd(p, s, 0.060406990f);
            p = Arithmetic.MultiplyAdd(p, s, -0.18652277f);
            p = Arithmetic.MultiplyAdd(p, s, 0.38713664f);
            p = Arithmetic.MultiplyAdd(p, s, -0.60789663f);
            p = Arithmetic.MultiplyAdd(p, s, 0.75528514f);
            float tail = Arithmetic.Exp(a * a * -0.5f) * p * t;
            Memory.Store(x + i * 4, value * (value < 0 ? tail : 1 - tail));
        }
    }
}
