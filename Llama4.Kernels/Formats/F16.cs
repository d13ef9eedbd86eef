using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>IEEE 754 binary16.</summary>
readonly struct F16 : IFloatFormat<ushort>
{
    public static int Length => 1;

    public static float Decode(ref readonly ushort block, int index) => Bits.Half(block);

    public static void Encode(ReadOnlySpan<float> values, out ushort block) => block = Bits.ToHalf(values[0]);

    public static unsafe Vector256<float> Load(ushort* source) => Bits.Half(Vector128.Load(source));
}
