using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Sixteen outputs in two vectors of 256 bits.</summary>
readonly unsafe struct TwoVectors<TProducts>(Vector256<int> first, Vector256<int> second) : IOutputs<TwoVectors<TProducts>>
    where TProducts : struct, IProducts<Vector256<int>>
{
    readonly Vector256<int> first = first, second = second;

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
    public static TwoVectors<TProducts> Load(byte* source) => Load(source, 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> Load(byte* source, nint distance) =>
        new(Vector256.Load((int*)source), Vector256.Load((int*)(source + distance)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> Create(int integer) => new(Vector256.Create(integer), Vector256.Create(integer));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> AddProducts(TwoVectors<TProducts> sums, TwoVectors<TProducts> weights, byte* inputs, bool isSigned)
    {
        var four = Vector256.Create(*(int*)inputs);
        return new(TProducts.Add(sums.first, weights.first, four, isSigned), TProducts.Add(sums.second, weights.second, four, isSigned));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> Total(TwoVectors<TProducts> sums) => new(TProducts.Total(sums.first), TProducts.Total(sums.second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> Add(TwoVectors<TProducts> a, TwoVectors<TProducts> b) => new(a.first + b.first, a.second + b.second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> AddScaled(TwoVectors<TProducts> integers, TwoVectors<TProducts> scales, float* scale, float* sums)
    {
        var factor = Vector256.Create(*scale);
        return new(
            Lanes.MultiplyAdd(Vector256.ConvertToSingle(integers.first), scales.first.AsSingle() * factor, Vector256.Load(sums)).AsInt32(),
            Lanes.MultiplyAdd(Vector256.ConvertToSingle(integers.second), scales.second.AsSingle() * factor, Vector256.Load(sums + 8)).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TwoVectors<TProducts> AddOffsets(TwoVectors<TProducts> sums, TwoVectors<TProducts> offsets, float* input)
    {
        var factor = Vector256.Create(*input);
        return new(
            Lanes.MultiplyAdd(offsets.first.AsSingle(), factor, sums.first.AsSingle()).AsInt32(),
            Lanes.MultiplyAdd(offsets.second.AsSingle(), factor, sums.second.AsSingle()).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TwoVectors<TProducts> sums, float* target)
    {
        sums.first.AsSingle().Store(target);
        sums.second.AsSingle().Store(target + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddRowProducts(Vector256<int> sums, Vector256<byte> weights, Vector256<sbyte> inputs, bool isSigned) =>
        LargestSum == int.MaxValue
            ? TProducts.Add(sums, weights.AsInt32(), inputs.AsInt32(), isSigned)
            : sums + TProducts.Total(TProducts.Add(default, weights.AsInt32(), inputs.AsInt32(), isSigned));
}
