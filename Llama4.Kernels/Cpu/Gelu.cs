using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void Gelu(Tensor x)
    {
        Check.Output(x, x.Rows, x.Columns);
        team.For(new GeluWork((float*)x.Address, x.Count), FlatBlocks.CountOf(x.Count), alone: x.Count < SmallWork / 4);
    }

    readonly struct GeluWork(float* x, long count) : IWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            long i = FlatBlocks.From(item), to = FlatBlocks.To(item, count);
            for (; i <= to - Lanes.Count; i += Lanes.Count) Apply(Vector256.Load(x + i)).Store(x + i);
            int rest = (int)(to - i);
            if (rest > 0) Lanes.StorePart(Apply(Lanes.LoadPart(x + i, rest)), x + i, rest);
        }

        /// <summary>
        /// x Φ(x), Φ the normal distribution, which is ½ (1 + erf(x / √2)). With a = |x| the tail Φ(−a) = e^(−a²/2) R(a), and R varies slowly:
        /// R(a) = P(s) / (a + 4), s = (a − 4) / (a + 4), P of degree 9 fitted at Chebyshev nodes over a ≤ 14.5 (error 1.5·10⁻⁸; beyond, the
        /// tail is 0 in float). No cancellation on either side: Φ(x) is the tail for x &lt; 0 and 1 − tail, at least ½, for the others.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector256<float> Apply(Vector256<float> x)
        {
            // From 16 on the tail is 0; infinity would spoil s.
            Vector256<float> a = Vector256.MinNative(Vector256.Abs(x), Vector256.Create(16f));
            Vector256<float> t = Vector256<float>.One / (a + Vector256.Create(4f));
            Vector256<float> s = (a - Vector256.Create(4f)) * t;
            var p = Vector256.Create(-0.00012082212f);
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(0.00019919379f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(0.0015702820f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(-0.0035262525f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(-0.0075283665f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(0.060406990f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(-0.18652277f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(0.38713664f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(-0.60789663f));
            p = Lanes.MultiplyAdd(p, s, Vector256.Create(0.75528514f));
            Vector256<float> tail = Exponential.Exp(a * a * Vector256.Create(-0.5f)) * p * t;
            return x * Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<float>.Zero), tail, Vector256<float>.One - tail);
        }
    }
}
