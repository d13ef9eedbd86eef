using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// One query head's softmax over the positions so far, held by a warp: lane l has numbers l, l + 32, l + 64 and l + 96 of the head.
/// </summary>
struct HeadState
{
    public const int MostNumbers = 4 * Lanes.Count;

    public Float4 Sum;
    public float Largest, Weights;

    public static HeadState Empty()
    {
        HeadState state = default;
        state.Largest = float.NegativeInfinity;
        return state;
    }

    /// <summary>Takes in a position: its score, the same in every lane, and its value.</summary>
    public void Add(float score, Float4 value)
    {
        float largest = score > Largest ? score : Largest;
        float keep = Largest == largest ? 1 : Arithmetic.Exp(Largest - largest), weight = Arithmetic.Exp(score - largest);
        Sum.X = Arithmetic.MultiplyAdd(weight, value.X, Sum.X * keep);
        Sum.Y = Arithmetic.MultiplyAdd(weight, value.Y, Sum.Y * keep);
        Sum.Z = Arithmetic.MultiplyAdd(weight, value.Z, Sum.Z * keep);
        Sum.W = Arithmetic.MultiplyAdd(weight, value.W, Sum.W * keep);
        Weights = Weights * keep + weight;
        Largest = largest;
    }

    /// <summary>Writes the weighted mean of the values.</summary>
    public void Store(long target, int count)
    {
        int lane = Warp.LaneIdx;
        if (lane < count) Memory.Store(target + lane * 4L, Sum.X / Weights);
        if (lane + 32 < count) Memory.Store(target + (lane + 32) * 4L, Sum.Y / Weights);
        if (lane + 64 < count) Memory.Store(target + (lane + 64) * 4L, Sum.Z / Weights);
        if (lane + 96 < count) Memory.Store(target + (lane + 96) * 4L, Sum.W / Weights);
    }

    /// <summary>A head of floats.</summary>
    public static Float4 Load(long source, int count)
    {
        int lane = Warp.LaneIdx;
        Float4 numbers = default;
        if (lane < count) numbers.X = Memory.Float(source + lane * 4L);
        if (lane + 32 < count) numbers.Y = Memory.Float(source + (lane + 32) * 4L);
        if (lane + 64 < count) numbers.Z = Memory.Float(source + (lane + 64) * 4L);
        if (lane + 96 < count) numbers.W = Memory.Float(source + (lane + 96) * 4L);
        return numbers;
    }

    /// <summary>The product of two heads, in every lane.</summary>
    public static float Dot(Float4 a, Float4 b) =>
        Lanes.Sum(Arithmetic.MultiplyAdd(a.X, b.X, Arithmetic.MultiplyAdd(a.Y, b.Y, Arithmetic.MultiplyAdd(a.Z, b.Z, a.W * b.W))));
}
