using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>8-bit float of the OCP FP8 specification, E4M3: bias 7, no infinity, NaN is all ones but the sign, largest value 448.</summary>
readonly struct F8E4M3 : IFloatFormat<byte>
{
    public static int Length => 1;

    public static float Decode(ref readonly byte block, int index) => Bits.E4M3(block);

    public static void Encode(ReadOnlySpan<float> values, out byte block) => block = Bits.ToE4M3(values[0]);

    public static unsafe Vector256<float> Load(byte* source) =>
        Bits.E4M3(Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte());
}
