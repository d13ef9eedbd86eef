using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sixteen outputs in a vector of 512 bits; sums of two products in 16 bits, by the instructions of AVX-512 where they are.</summary>
readonly unsafe struct WideVector(Vector512<int> vector) : IOutputs<WideVector>
{
    readonly Vector512<int> vector = vector;

    public static int LargestSum => short.MaxValue;

    public static bool MovesSigned => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector Load(byte* source) => new(Vector512.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector Load(byte* source, nint distance) =>
        new(Vector512.Create(Vector256.Load((int*)source), Vector256.Load((int*)(source + distance))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector Create(int integer) => new(Vector512.Create(integer));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector AddProducts(WideVector sums, WideVector weights, byte* inputs, bool isSigned)
    {
        Vector512<sbyte> four = Vector512.Create(*(int*)inputs).AsSByte(), signed = weights.vector.AsSByte();
        return new((sums.vector.AsInt16() + (isSigned
            ? WideBytes.MultiplyPairs(Vector512.Abs(signed).AsByte(), WideBytes.WithSign(four, signed))
            : WideBytes.MultiplyPairs(signed.AsByte(), four))).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector Total(WideVector sums) => new(WideBytes.AddPairs(sums.vector.AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector Add(WideVector a, WideVector b) => new(a.vector + b.vector);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector AddScaled(WideVector integers, WideVector scales, float* scale, float* sums) => new(Vector512.MultiplyAddEstimate(
        Vector512.ConvertToSingle(integers.vector), scales.vector.AsSingle() * Vector512.Create(*scale), Vector512.Load(sums)).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideVector AddOffsets(WideVector sums, WideVector offsets, float* input) => new(Vector512.MultiplyAddEstimate(
        offsets.vector.AsSingle(), Vector512.Create(*input), sums.vector.AsSingle()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(WideVector sums, float* target) => sums.vector.AsSingle().Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddRowProducts(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs, bool isSigned) =>
        TwoVectors<Avx2Products>.AddRowProducts(sums, weights, inputs, isSigned);
}
