using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>IEEE 754 binary32.</summary>
readonly struct F32 : IFloatFormat<float>
{
    public static int Length => 1;

    public static float Decode(ref readonly float block, int index) => block;

    public static void Encode(ReadOnlySpan<float> values, out float block) => block = values[0];

    public static unsafe Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe (Vector256<float> First, Vector256<float> Second, Vector256<float> Third, Vector256<float> Fourth) LoadFour(float* source) =>
        FloatVectors.LoadEach<F32, float>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe (Vector512<float> First, Vector512<float> Second) LoadWide(float* source) =>
        (Vector512.Load(source), Vector512.Load(source + 16));
}
