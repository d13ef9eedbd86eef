using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// What is known of one query's attention after some positions: m, the largest score; l = Σ e^(score − m); Σ e^(score − m) value.
/// </summary>
readonly unsafe struct AttentionState(float* memory, AttentionShape shape)
{
    public float* Sum => memory;

    public ref float Largest => ref memory[shape.Stride];

    public ref float Total => ref memory[shape.Stride + 1];

    public void Clear()
    {
        new Span<float>(memory, shape.StateStride).Clear();
        Largest = float.NegativeInfinity;
    }

    public void CopyFrom(AttentionState other) =>
        new ReadOnlySpan<float>(other.Sum, shape.StateStride).CopyTo(new Span<float>(memory, shape.StateStride));

    /// <summary>Takes up what is known of later positions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Merge(AttentionState later)
    {
        float largest = MathF.Max(Largest, later.Largest);
        float mine = Exponential.Exp(Largest - largest), others = Exponential.Exp(later.Largest - largest);
        for (int c = 0; c < shape.Stride; c += Lanes.Count)
            Lanes.MultiplyAdd(Vector256.Load(later.Sum + c), Vector256.Create(others), Vector256.Load(Sum + c) * mine).Store(Sum + c);
        Total = Total * mine + later.Total * others;
        Largest = largest;
    }

    /// <summary>The weighted mean of the values, [N].</summary>
    public void Finish(float* y)
    {
        var total = Vector256.Create(Total);
        int c = 0;
        for (; c <= shape.HeadDim - Lanes.Count; c += Lanes.Count) (Vector256.Load(Sum + c) / total).Store(y + c);
        if (c < shape.HeadDim) Lanes.StorePart(Vector256.Load(Sum + c) / total, y + c, shape.HeadDim - c);
    }
}
