using System.Runtime.Intrinsics;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Kernels;

public sealed class ExponentialTests
{
    [Fact]
    public void Within_two_units_in_the_last_place_everywhere()
    {
        // Every 1021st float, and all around the ends.
        for (uint bits = 0; bits < uint.MaxValue - 8 * 1021; bits += 8 * 1021) Check(bits, 1021);
        foreach (float center in (float[])[0, -0f, 1, -87.33655f, -103.2789f, -103.9721f, -104, -105, 88, 88.72283f, 88.7229f, 90, 0.34657359f, -0.34657359f])
        {
            uint middle = BitConverter.SingleToUInt32Bits(center);
            for (uint bits = middle < 400 ? 0 : middle - 400; bits < middle + 400; bits += 8) Check(bits, 1);
        }
    }

    static void Check(uint first, uint step)
    {
        var x = new float[8];
        for (int i = 0; i < 8; i++) x[i] = BitConverter.UInt32BitsToSingle(first + (uint)i * step);
        Vector256<float> y = Exponential.Exp(Vector256.Create(x));
        for (int i = 0; i < 8; i++)
        {
            double exact = Math.Exp(x[i]);
            float rounded = (float)exact;
            float actual = y[i];
            if (!float.IsFinite(rounded) || rounded == 0)
            {
                // Just below the largest float, rounding up may give infinity; just above zero, the smallest denormal.
                if (BitConverter.SingleToUInt32Bits(rounded) != BitConverter.SingleToUInt32Bits(actual) && !(float.IsNaN(rounded) && float.IsNaN(actual)) && actual != float.Epsilon && actual != float.MaxValue)
                    Assert.Fail($"e^{x[i]:R} is {actual:R}, expected {rounded:R}");
                continue;
            }
            double unit = MathF.BitIncrement(rounded) - (double)rounded;
            if (float.IsInfinity(MathF.BitIncrement(rounded))) unit = rounded - (double)MathF.BitDecrement(rounded);
            if (Math.Abs(actual - exact) > 2 * unit) Assert.Fail($"e^{x[i]:R} is {actual:R}, expected {exact:R}, {Math.Abs(actual - exact) / unit:F2} units off");
        }
    }
}
