using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Vectors of eight floats. A tail goes through the same vector operations as whole vectors, padded with zeros,
/// so a number's result does not depend on where in its row it stands.
/// </summary>
static unsafe class Lanes
{
    public const int Count = 8;

    /// <summary>The first <paramref name="count"/> of eight numbers; the others are zero.</summary>
    public static Vector256<float> LoadPart(float* source, int count)
    {
        float* part = stackalloc float[Count];
        for (int i = 0; i < Count; i++) part[i] = i < count ? source[i] : 0;
        return Vector256.Load(part);
    }

    public static void StorePart(Vector256<float> vector, float* target, int count)
    {
        float* part = stackalloc float[Count];
        vector.Store(part);
        for (int i = 0; i < count; i++) target[i] = part[i];
    }

    /// <summary>a · b + c, in one rounding where the processor can.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        Vector256.MultiplyAddEstimate(a, b, c);

    /// <summary>Sum of the lanes: ((0+4)+(2+6)) + ((1+5)+(3+7)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> vector)
    {
        Vector128<float> four = vector.GetLower() + vector.GetUpper();
        Vector128<float> two = four + Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1));
        return two.GetElement(0) + two.GetElement(1);
    }

    /// <summary>The sums of four vectors, each as <see cref="Sum"/> computes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Sse.IsSupported) return Vector128.Create(Sum(a), Sum(b), Sum(c), Sum(d));
        Vector128<float> a4 = a.GetLower() + a.GetUpper(), b4 = b.GetLower() + b.GetUpper();
        Vector128<float> c4 = c.GetLower() + c.GetUpper(), d4 = d.GetLower() + d.GetUpper();
        Vector128<float> ab = Sse.MoveLowToHigh(a4, b4) + Sse.MoveHighToLow(b4, a4);
        Vector128<float> cd = Sse.MoveLowToHigh(c4, d4) + Sse.MoveHighToLow(d4, c4);
        return Sse.Shuffle(ab, cd, 0b10_00_10_00) + Sse.Shuffle(ab, cd, 0b11_01_11_01);
    }

    /// <summary>Sum of eight vectors, <paramref name="distance"/> floats apart, in the same order: lane by lane what <see cref="Sum"/> is for one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SumOfEight(float* vectors, int distance)
    {
        Vector256<float> even = At(vectors, 0, distance) + At(vectors, 4, distance) + (At(vectors, 2, distance) + At(vectors, 6, distance));
        Vector256<float> odd = At(vectors, 1, distance) + At(vectors, 5, distance) + (At(vectors, 3, distance) + At(vectors, 7, distance));
        return even + odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> At(float* vectors, int index, int distance) => Vector256.Load(vectors + index * distance);

    /// <summary>The largest lane. Of NaNs some are lost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Vector256<float> vector)
    {
        Vector128<float> four = Vector128.MaxNative(vector.GetLower(), vector.GetUpper());
        Vector128<float> two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
