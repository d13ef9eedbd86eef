using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>IEEE 754 binary32.</summary>
readonly struct F32 : IFloatFormat<float>
{
    public static int Length => 1;

    public static float Decode(ref readonly float block, int index) => block;

    public static void Encode(ReadOnlySpan<float> values, out float block) => block = values[0];

    public static unsafe Vector256<float> Load(float* source) => Vector256.Load(source);
}
