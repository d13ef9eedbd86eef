using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

/// <summary>256 inputs as signed bytes in 8 groups of 32: input i ≈ Scales[i / 32] · Values[i].</summary>
/// <remarks>
/// An integer is at most ½ of its group's scale away from its number, the scale is 1/127 of the group's largest magnitude. A group whose numbers
/// are all below 2^-100 counts as zeros; one with an infinity or a NaN has the scale NaN, so that every output of the row becomes NaN.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
unsafe struct InputBlock
{
    public const int Length = 256;
    public const int GroupLength = 32;

    /// <summary>Largest magnitude of an integer.</summary>
    public const int Largest = 127;

    public const int Bytes = Length + 5 * Groups * sizeof(float);

    /// <summary>Floats from a group's scale to its sums.</summary>
    public const int SumsAfterScales = Groups, SumsLowAfterScales = 2 * Groups, SumsHighAfterScales = 3 * Groups, MovedSumsAfterScales = 4 * Groups;

    /// <summary>How far weights that are signed bytes are moved up to become unsigned ones.</summary>
    public const int Move = 128;

    const int Groups = Length / GroupLength;
    const int SmallestBits = (127 - 100) << 23;
    const int InfinityBits = 0x7F800000;

    public fixed sbyte Values[Length];
    public fixed float Scales[Groups];

    /// <summary>Scale · Σ integers, for what is the same for all numbers of a group.</summary>
    public fixed float Sums[Groups];

    /// <summary>The same over the first and over the last 16 numbers of a group.</summary>
    public fixed float SumsLow[Groups];
    public fixed float SumsHigh[Groups];

    /// <summary>−<see cref="Move"/> · Σ integers: with it, products with moved weights are those with the weights.</summary>
    public fixed int MovedSums[Groups];

    /// <param name="source">Numbers.</param>
    /// <param name="count">A multiple of 32; the other groups become zeros.</param>
    public void Set(float* source, int count)
    {
        for (int g = 0; g < Groups; g++)
            if (g * GroupLength < count) SetGroup(source + g * GroupLength, g);
            else ClearGroup(g);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void SetGroup(float* source, int g)
    {
        Vector256<float> x0 = Vector256.Load(source), x1 = Vector256.Load(source + 8), x2 = Vector256.Load(source + 16), x3 = Vector256.Load(source + 24);
        // As integers magnitudes are ordered as the numbers, with infinity and then NaN above all.
        int largestBits = LargestLane(Vector256.Max(Vector256.Max(Magnitude(x0), Magnitude(x1)), Vector256.Max(Magnitude(x2), Magnitude(x3))));
        if (largestBits is < SmallestBits or >= InfinityBits)
        {
            ClearGroup(g);
            if (largestBits >= InfinityBits) Scales[g] = Sums[g] = SumsLow[g] = SumsHigh[g] = float.NaN;
            return;
        }
        float largest = BitConverter.Int32BitsToSingle(largestBits), scale = largest / Largest;
        var inverse = Vector256.Create(Largest / largest);
        Vector256<int> q0 = Round(x0 * inverse), q1 = Round(x1 * inverse), q2 = Round(x2 * inverse), q3 = Round(x3 * inverse);
        Vector256<sbyte> bytes = Vector256.Narrow(Vector256.Narrow(q0, q1), Vector256.Narrow(q2, q3));
        int low = Vector256.Sum(q0 + q1), high = Vector256.Sum(q2 + q3);
        Unsafe.WriteUnaligned(ref Unsafe.As<sbyte, byte>(ref Values[g * GroupLength]), bytes);
        Scales[g] = scale;
        Sums[g] = scale * (low + high);
        SumsLow[g] = scale * low;
        SumsHigh[g] = scale * high;
        MovedSums[g] = -Move * (low + high);
    }

    void ClearGroup(int g)
    {
        Unsafe.WriteUnaligned(ref Unsafe.As<sbyte, byte>(ref Values[g * GroupLength]), Vector256<sbyte>.Zero);
        Scales[g] = Sums[g] = SumsLow[g] = SumsHigh[g] = MovedSums[g] = 0;
    }

    static Vector256<int> Magnitude(Vector256<float> x) => x.AsInt32() & Vector256.Create(int.MaxValue);

    static Vector256<int> Round(Vector256<float> x) => Vector256.ConvertToInt32Native(Vector256.Round(x));

    static int LargestLane(Vector256<int> v)
    {
        Vector128<int> four = Vector128.Max(v.GetLower(), v.GetUpper());
        Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two.GetElement(0), two.GetElement(1));
    }
}
