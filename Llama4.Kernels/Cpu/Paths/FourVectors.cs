using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sixteen outputs in four vectors of 128 bits.</summary>
readonly unsafe struct FourVectors<TProducts>(Vector128<int> v0, Vector128<int> v1, Vector128<int> v2, Vector128<int> v3) : IOutputs<FourVectors<TProducts>>
    where TProducts : struct, IProducts<Vector128<int>>
{
    readonly Vector128<int> v0 = v0, v1 = v1, v2 = v2, v3 = v3;

    public static int LargestSum
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TProducts.LargestSum;
    }

    public static bool MovesSigned
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TProducts.MovesSigned;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> Load(byte* source) => Load(source, 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> Load(byte* source, nint distance) => new(
        Vector128.Load((int*)source), Vector128.Load((int*)(source + 16)),
        Vector128.Load((int*)(source + distance)), Vector128.Load((int*)(source + distance + 16)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> Create(int integer)
    {
        var all = Vector128.Create(integer);
        return new(all, all, all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> AddProducts(FourVectors<TProducts> sums, FourVectors<TProducts> weights, byte* inputs, bool isSigned)
    {
        var four = Vector128.Create(*(int*)inputs);
        return new(
            TProducts.Add(sums.v0, weights.v0, four, isSigned), TProducts.Add(sums.v1, weights.v1, four, isSigned),
            TProducts.Add(sums.v2, weights.v2, four, isSigned), TProducts.Add(sums.v3, weights.v3, four, isSigned));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> Total(FourVectors<TProducts> sums) =>
        new(TProducts.Total(sums.v0), TProducts.Total(sums.v1), TProducts.Total(sums.v2), TProducts.Total(sums.v3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> Add(FourVectors<TProducts> a, FourVectors<TProducts> b) =>
        new(a.v0 + b.v0, a.v1 + b.v1, a.v2 + b.v2, a.v3 + b.v3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> AddScaled(FourVectors<TProducts> integers, FourVectors<TProducts> scales, float* scale, float* sums)
    {
        var factor = Vector128.Create(*scale);
        return new(
            Scaled(integers.v0, scales.v0, factor, sums), Scaled(integers.v1, scales.v1, factor, sums + 4),
            Scaled(integers.v2, scales.v2, factor, sums + 8), Scaled(integers.v3, scales.v3, factor, sums + 12));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourVectors<TProducts> AddOffsets(FourVectors<TProducts> sums, FourVectors<TProducts> offsets, float* input)
    {
        var factor = Vector128.Create(*input);
        return new(
            Offset(sums.v0, offsets.v0, factor), Offset(sums.v1, offsets.v1, factor),
            Offset(sums.v2, offsets.v2, factor), Offset(sums.v3, offsets.v3, factor));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(FourVectors<TProducts> sums, float* target)
    {
        sums.v0.AsSingle().Store(target);
        sums.v1.AsSingle().Store(target + 4);
        sums.v2.AsSingle().Store(target + 8);
        sums.v3.AsSingle().Store(target + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddRowProducts(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs, bool isSigned) => sums + Vector256.Create(
        TProducts.Total(TProducts.Add(default, weights.GetLower().AsInt32(), inputs.GetLower().AsInt32(), isSigned)),
        TProducts.Total(TProducts.Add(default, weights.GetUpper().AsInt32(), inputs.GetUpper().AsInt32(), isSigned)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<int> Scaled(Vector128<int> integers, Vector128<int> scales, Vector128<float> factor, float* sums) =>
        Vector128.MultiplyAddEstimate(Vector128.ConvertToSingle(integers), scales.AsSingle() * factor, Vector128.Load(sums)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<int> Offset(Vector128<int> sums, Vector128<int> offsets, Vector128<float> factor) =>
        Vector128.MultiplyAddEstimate(offsets.AsSingle(), factor, sums.AsSingle()).AsInt32();
}
