using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Formats;

/// <summary>bfloat16: the upper half of a binary32.</summary>
readonly struct BF16 : IFloatFormat<ushort>
{
    public static int Length => 1;

    public static float Decode(ref readonly ushort block, int index) => Bits.BFloat(block);

    public static void Encode(ReadOnlySpan<float> values, out ushort block) => block = Bits.ToBFloat(values[0]);

    public static unsafe Vector256<float> Load(ushort* source) => Bits.BFloat(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe (Vector256<float> First, Vector256<float> Second, Vector256<float> Third, Vector256<float> Fourth) LoadFour(ushort* source) =>
        FloatVectors.LoadEach<BF16, ushort>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe (Vector512<float> First, Vector512<float> Second) LoadWide(ushort* source) =>
        ((Bits.Widen(Vector256.Load(source)) << 16).AsSingle(), (Bits.Widen(Vector256.Load(source + 16)) << 16).AsSingle());
}
