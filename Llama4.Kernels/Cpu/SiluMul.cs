using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void SiluMul(Tensor gate, Tensor up, Tensor y)
    {
        Check.Input(gate, y.Rows, y.Columns);
        Check.Input(up, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        var work = new SiluMulWork((float*)gate.Address, (float*)up.Address, (float*)y.Address, y.Count);
        team.For(work, FlatBlocks.CountOf(y.Count), alone: y.Count < SmallWork / 4);
    }

    readonly struct SiluMulWork(float* gate, float* up, float* y, long count) : IWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            long i = FlatBlocks.From(item), to = FlatBlocks.To(item, count);
            for (; i <= to - Lanes.Count; i += Lanes.Count)
                Apply(Vector256.Load(gate + i), Vector256.Load(up + i)).Store(y + i);
            int rest = (int)(to - i);
            if (rest > 0) Lanes.StorePart(Apply(Lanes.LoadPart(gate + i, rest), Lanes.LoadPart(up + i, rest)), y + i, rest);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<float> Apply(Vector256<float> gate, Vector256<float> up) =>
            gate / (Vector256<float>.One + Exponential.Exp(-gate)) * up;
    }
}
