using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Attention of several queries to one span of keys and values, five queries at a time. A group of fewer repeats its last query, which
/// computes the same numbers again: the result of a query does not depend on its company, nor on whether the span's numbers are
/// converted on the way into the registers or before.
/// </summary>
static unsafe class SpanAttention
{
    /// <summary>Queries of a group: with two keys or two vectors of values as many as the registers take.</summary>
    public const int Group = 5;

    /// <summary>Adds a span to the states of the queries.</summary>
    /// <param name="queries">[count, Stride].</param>
    /// <param name="visible">How many of the span's positions each query sees, from its first on.</param>
    /// <param name="span">Its numbers are a head width apart that is the shape's Stride.</param>
    /// <param name="scores">Memory, [count, Span].</param>
    /// <param name="states">[count, StateStride].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<TFormat, TBlock>(
        AttentionShape shape, float* queries, int count, int* visible, in SpanEntries<TBlock> span, float* scores, float* states)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        for (int i = 0; i < count; i += Group)
            Scores<TFormat, TBlock>(shape, queries + (long)i * shape.Stride, Math.Min(Group, count - i), span, scores + i * AttentionShape.Span);
        for (int i = 0; i < count; i++)
            if (visible[i] > 0) Weigh(scores + i * AttentionShape.Span, visible[i], shape, states + (long)i * shape.StateStride);
        for (int i = 0, alike; i < count; i += alike)
        {
            for (alike = 1; alike < Group && i + alike < count && visible[i + alike] == visible[i]; alike++) { }
            SumValues<TFormat, TBlock>(shape, span, visible[i], scores + i * AttentionShape.Span, states + (long)i * shape.StateStride, alike);
        }
    }

    /// <summary>Addresses of the rows of a group; the last of <paramref name="count"/> rows stands in for those that are missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Repeat(float** group, float* rows, long stride, int count)
    {
        for (int n = 0; n < Group; n++) group[n] = rows + Math.Min(n, count - 1) * stride;
    }

    /// <summary>scores[query, key] = query · key for up to five queries, two keys at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Scores<TFormat, TBlock>(AttentionShape shape, float* queries, int count, in SpanEntries<TBlock> span, float* scores)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        float** query = stackalloc float*[Group], score = stackalloc float*[Group];
        Repeat(query, queries, shape.Stride, count);
        Repeat(score, scores, AttentionShape.Span, count);
        TBlock* key = span.Keys;
        byte* ahead = span.NextKeys;
        int used = shape.Used, stride = shape.Stride, length = span.Length;
        for (int j = 0; j < length; j += 2)
        {
            // Past the end the last key stands in; nobody reads that score.
            DotTile<TFormat, TBlock>(query, key, j + 1 < length ? key + stride : key, used, ahead, score, j);
            key += 2 * stride;
            ahead += 2 * stride * sizeof(TBlock);
        }
    }

    /// <summary>Five queries and two keys: their scores are the numbers <paramref name="j"/> and the next of each query's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void DotTile<TFormat, TBlock>(float** query, TBlock* k, TBlock* l, int used, byte* ahead, float** score, int j)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        float* q0 = query[0], q1 = query[1], q2 = query[2], q3 = query[3], q4 = query[4];
        Vector256<float> k0 = default, k1 = default, k2 = default, k3 = default, k4 = default;
        Vector256<float> l0 = default, l1 = default, l2 = default, l3 = default, l4 = default;
        for (nint c = 0; c < used; c += Lanes.Count)
        {
            Prefetch.Far(ahead + 2 * c * sizeof(TBlock));
            Vector256<float> key = TFormat.Load(k + c), second = TFormat.Load(l + c), q = Vector256.Load(q0 + c);
            k0 = Lanes.MultiplyAdd(q, key, k0);
            l0 = Lanes.MultiplyAdd(q, second, l0);
            q = Vector256.Load(q1 + c);
            k1 = Lanes.MultiplyAdd(q, key, k1);
            l1 = Lanes.MultiplyAdd(q, second, l1);
            q = Vector256.Load(q2 + c);
            k2 = Lanes.MultiplyAdd(q, key, k2);
            l2 = Lanes.MultiplyAdd(q, second, l2);
            q = Vector256.Load(q3 + c);
            k3 = Lanes.MultiplyAdd(q, key, k3);
            l3 = Lanes.MultiplyAdd(q, second, l3);
            q = Vector256.Load(q4 + c);
            k4 = Lanes.MultiplyAdd(q, key, k4);
            l4 = Lanes.MultiplyAdd(q, second, l4);
        }
        Vector128<float> sums = Lanes.Sums(k0, l0, k1, l1);
        StorePairs(sums, score[0] + j, score[1] + j);
        sums = Lanes.Sums(k2, l2, k3, l3);
        StorePairs(sums, score[2] + j, score[3] + j);
        sums = Lanes.Sums(k4, l4, k4, l4);
        StorePairs(sums, score[4] + j, score[4] + j);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StorePairs(Vector128<float> pairs, float* first, float* second)
    {
        // As numbers of 64 bits: one store each.
        *(double*)first = pairs.AsDouble().GetElement(0);
        *(double*)second = pairs.AsDouble().GetElement(1);
    }

    /// <summary>Turns the scores of one query into weights e^(score / √N − m) and moves its state to the new largest score m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Weigh(float* scores, int visible, AttentionShape shape, float* memory)
    {
        var state = new AttentionState(memory, shape);
        for (int j = visible; j % Lanes.Count != 0; j++) scores[j] = float.NegativeInfinity;
        var top = Vector256.Create(float.NegativeInfinity);
        for (int j = 0; j < visible; j += Lanes.Count) top = Vector256.MaxNative(top, Vector256.Load(scores + j));
        float largest = MathF.Max(state.Largest, Lanes.Largest(top) * shape.Scale);

        Vector256<float> total = default, scale = Vector256.Create(shape.Scale), less = Vector256.Create(-largest);
        for (int j = 0; j < visible; j += Lanes.Count)
        {
            Vector256<float> weight = Exponential.Exp(Lanes.MultiplyAdd(Vector256.Load(scores + j), scale, less));
            weight.Store(scores + j);
            total += weight;
        }
        if (largest == state.Largest) // The factor is 1.
        {
            state.Total += Lanes.Sum(total);
            return;
        }
        float factor = Exponential.Exp(state.Largest - largest);
        state.Total = state.Total * factor + Lanes.Sum(total);
        state.Largest = largest;
        var factors = Vector256.Create(factor);
        for (int c = 0; c < shape.Stride; c += Lanes.Count) (Vector256.Load(state.Sum + c) * factors).Store(state.Sum + c);
    }

    /// <summary>Adds weight · value to the sums of up to five queries that see the same positions, two vectors of columns at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SumValues<TFormat, TBlock>(AttentionShape shape, in SpanEntries<TBlock> span, int visible, float* weights, float* states, int count)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        const int Columns = 2 * Lanes.Count;
        float** weight = stackalloc float*[Group], sum = stackalloc float*[Group];
        Repeat(weight, weights, AttentionShape.Span, count);
        byte* ahead = span.NextValues;
        for (int column = 0; column < shape.Stride; column += Columns)
        {
            Repeat(sum, states + column, shape.StateStride, count);
            AddTile<TFormat, TBlock>(weight, visible, span.Values + column, shape.Stride, ahead, sum);
            ahead += AttentionShape.Span * Columns * sizeof(TBlock);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTile<TFormat, TBlock>(float** weight, int visible, TBlock* values, nint stride, byte* ahead, float** sum)
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        float* w0 = weight[0], w1 = weight[1], w2 = weight[2], w3 = weight[3], w4 = weight[4];
        Vector256<float> a0 = Vector256.Load(sum[0]), a1 = Vector256.Load(sum[1]), a2 = Vector256.Load(sum[2]);
        Vector256<float> a3 = Vector256.Load(sum[3]), a4 = Vector256.Load(sum[4]);
        Vector256<float> b0 = Vector256.Load(sum[0] + 8), b1 = Vector256.Load(sum[1] + 8), b2 = Vector256.Load(sum[2] + 8);
        Vector256<float> b3 = Vector256.Load(sum[3] + 8), b4 = Vector256.Load(sum[4] + 8);
        for (nint j = 0; j < visible; j++, values += stride, ahead += 2 * Lanes.Count * sizeof(TBlock))
        {
            Prefetch.Far(ahead);
            Vector256<float> value = TFormat.Load(values), second = TFormat.Load(values + 8), w = Vector256.Create(w0[j]);
            a0 = Lanes.MultiplyAdd(w, value, a0);
            b0 = Lanes.MultiplyAdd(w, second, b0);
            w = Vector256.Create(w1[j]);
            a1 = Lanes.MultiplyAdd(w, value, a1);
            b1 = Lanes.MultiplyAdd(w, second, b1);
            w = Vector256.Create(w2[j]);
            a2 = Lanes.MultiplyAdd(w, value, a2);
            b2 = Lanes.MultiplyAdd(w, second, b2);
            w = Vector256.Create(w3[j]);
            a3 = Lanes.MultiplyAdd(w, value, a3);
            b3 = Lanes.MultiplyAdd(w, second, b3);
            w = Vector256.Create(w4[j]);
            a4 = Lanes.MultiplyAdd(w, value, a4);
            b4 = Lanes.MultiplyAdd(w, second, b4);
        }
        Store(a0, b0, sum[0]);
        Store(a1, b1, sum[1]);
        Store(a2, b2, sum[2]);
        Store(a3, b3, sum[3]);
        Store(a4, b4, sum[4]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Vector256<float> a, Vector256<float> b, float* target)
    {
        a.Store(target);
        b.Store(target + 8);
    }
}
