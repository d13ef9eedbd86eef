using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void SiluMul(Tensor gate, Tensor up, Tensor y) => SiluMul(gate, up, y, default);

    /// <param name="bytes">Takes y as bytes; default: nothing.</param>
    void SiluMul(in Tensor gate, in Tensor up, in Tensor y, ByteRows bytes)
    {
        Check.Input(gate, y.Rows, y.Columns);
        Check.Input(up, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (y.Count % 4 == 0 && (gate.Address | up.Address | y.Address) % 16 == 0)
            ForNumbers(y.Count / 4, new SiluFoursKernel(gate.Address, up.Address, y.Address, bytes, y.Count / 4));
        else
            ForNumbers(y.Count, new SiluMulKernel(gate.Address, up.Address, y.Address, y.Count));
    }

    /// <summary>A thread for four numbers, and y as bytes beside if wanted.</summary>
    internal readonly struct SiluFoursKernel(long gate, long up, long y, ByteRows bytes, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            Float4 v = default;
            if (i < count)
            {
                Float4 z = Memory.Floats(gate + i * 16), factor = Memory.Floats(up + i * 16);
                v.X = SiluMulKernel.Silu(z.X) * factor.X;
                v.Y = SiluMulKernel.Silu(z.Y) * factor.Y;
                v.Z = SiluMulKernel.Silu(z.Z) * factor.Z;
                v.W = SiluMulKernel.Silu(z.W) * factor.W;
                Memory.Store(y + i * 16, v);
            }
            if (bytes.Values != 0) ByteWriter.Write(bytes, i * 4, v, i < count);
        }
    }

    internal readonly struct SiluMulKernel(long gate, long up, long y, long count) : IKernel
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i < count) Memory.Store(y + i * 4, Silu(Memory.Float(gate + i * 4)) * Memory.Float(up + i * 4));
        }

        public static float Silu(float z) => z / (1 + Arithmetic.Exp(-z));
    }
}
