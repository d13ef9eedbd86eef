using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Formats;

/// <summary>Rows of single numbers, as many at a time as there are.</summary>
static unsafe class FloatVectors
{
    /// <summary>Four vectors, one by one: <see cref="IFloatFormat{TBlock}.LoadFour"/> where nothing is faster.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> First, Vector256<float> Second, Vector256<float> Third, Vector256<float> Fourth) LoadEach<TFormat, TBlock>(TBlock* source)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged =>
        (TFormat.Load(source), TFormat.Load(source + 8), TFormat.Load(source + 16), TFormat.Load(source + 24));

    /// <summary>Whether <see cref="IFloatFormat{TBlock}.LoadWide"/> is to be used.</summary>
    public static bool AreWide
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512F.IsSupported && Vector512.IsHardwareAccelerated;
    }

    /// <summary><paramref name="count"/> numbers, then zeros up to <paramref name="padded"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void DecodePadded<TFormat, TBlock>(TBlock* source, int count, float* target, int padded)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        Decode<TFormat, TBlock>(source, count, target);
        for (int i = count; i < padded; i++) target[i] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode<TFormat, TBlock>(TBlock* source, int count, float* target)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        int i = 0;
        for (; AreWide && i <= count - 32; i += 32)
        {
            (Vector512<float> first, Vector512<float> second) = TFormat.LoadWide(source + i);
            first.Store(target + i);
            second.Store(target + i + 16);
        }
        for (; i <= count - 32; i += 32)
        {
            (Vector256<float> first, Vector256<float> second, Vector256<float> third, Vector256<float> fourth) = TFormat.LoadFour(source + i);
            first.Store(target + i);
            second.Store(target + i + 8);
            third.Store(target + i + 16);
            fourth.Store(target + i + 24);
        }
        for (; i <= count - 8; i += 8) TFormat.Load(source + i).Store(target + i);
        for (; i < count; i++) target[i] = TFormat.Decode(in source[i], 0);
    }
}
