using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Attention of several queries to one span of keys and values. Queries are taken in pairs where possible, which changes which
/// numbers share a register and no operation on them: the result of a query does not depend on its company.
/// </summary>
static unsafe class SpanAttention
{
    /// <summary>Adds a span to the states of the queries.</summary>
    /// <param name="queries">[count, Stride].</param>
    /// <param name="visible">How many of the span's positions each query sees, from its first on.</param>
    /// <param name="keys">[length, Stride].</param>
    /// <param name="values">[length, Stride].</param>
    /// <param name="scores">Memory, [count, Span].</param>
    /// <param name="states">[count, StateStride].</param>
    public static void Add(
        AttentionShape shape, float* queries, int count, int* visible, float* keys, float* values, int length,
        float* scores, float* states)
    {
        Scores(shape, queries, count, keys, length, scores);
        for (int i = 0; i < count; i++)
            if (visible[i] > 0) Weigh(scores + i * AttentionShape.Span, visible[i], shape, states + (long)i * shape.StateStride);
        for (int column = 0; column < shape.Stride; column += 4 * Lanes.Count)
            SumValues(shape, count, visible, scores, values + column, states + column);
    }

    /// <summary>scores[i, j] = query i · key j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Scores(AttentionShape shape, float* queries, int count, float* keys, int length, float* scores)
    {
        const int Group = 8;
        float** group = stackalloc float*[Group];
        for (int j = 0; j < length; j += Group)
        {
            // Past the end the last key stands in; nobody reads those scores.
            for (int k = 0; k < Group; k++) group[k] = keys + Math.Min(j + k, length - 1) * (long)shape.Stride;
            int i = 0;
            for (; i <= count - 2; i += 2)
            {
                float* query = queries + (long)i * shape.Stride;
                DotPair(query, query + shape.Stride, group, shape.Used, scores + i * AttentionShape.Span + j);
                DotPair(query, query + shape.Stride, group + 4, shape.Used, scores + i * AttentionShape.Span + j + 4);
            }
            if (i < count) DotOne(queries + (long)i * shape.Stride, group, shape.Used, scores + i * AttentionShape.Span + j);
        }
    }

    /// <summary>Two queries and four keys; the second query's scores are a span further.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void DotPair(float* p, float* q, float** keys, int used, float* scores)
    {
        float* k0 = keys[0], k1 = keys[1], k2 = keys[2], k3 = keys[3];
        Vector256<float> p0 = default, p1 = default, p2 = default, p3 = default;
        Vector256<float> q0 = default, q1 = default, q2 = default, q3 = default;
        for (int c = 0; c < used; c += Lanes.Count)
        {
            Vector256<float> x = Vector256.Load(p + c), y = Vector256.Load(q + c);
            Vector256<float> key = Vector256.Load(k0 + c);
            p0 = Lanes.MultiplyAdd(x, key, p0);
            q0 = Lanes.MultiplyAdd(y, key, q0);
            key = Vector256.Load(k1 + c);
            p1 = Lanes.MultiplyAdd(x, key, p1);
            q1 = Lanes.MultiplyAdd(y, key, q1);
            key = Vector256.Load(k2 + c);
            p2 = Lanes.MultiplyAdd(x, key, p2);
            q2 = Lanes.MultiplyAdd(y, key, q2);
            key = Vector256.Load(k3 + c);
            p3 = Lanes.MultiplyAdd(x, key, p3);
            q3 = Lanes.MultiplyAdd(y, key, q3);
        }
        Sums(p0, p1, p2, p3).Store(scores);
        Sums(q0, q1, q2, q3).Store(scores + AttentionShape.Span);
    }

    /// <summary>One query and eight keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void DotOne(float* p, float** keys, int used, float* scores)
    {
        float* k0 = keys[0], k1 = keys[1], k2 = keys[2], k3 = keys[3], k4 = keys[4], k5 = keys[5], k6 = keys[6], k7 = keys[7];
        Vector256<float> p0 = default, p1 = default, p2 = default, p3 = default;
        Vector256<float> p4 = default, p5 = default, p6 = default, p7 = default;
        for (int c = 0; c < used; c += Lanes.Count)
        {
            Vector256<float> x = Vector256.Load(p + c);
            p0 = Lanes.MultiplyAdd(x, Vector256.Load(k0 + c), p0);
            p1 = Lanes.MultiplyAdd(x, Vector256.Load(k1 + c), p1);
            p2 = Lanes.MultiplyAdd(x, Vector256.Load(k2 + c), p2);
            p3 = Lanes.MultiplyAdd(x, Vector256.Load(k3 + c), p3);
            p4 = Lanes.MultiplyAdd(x, Vector256.Load(k4 + c), p4);
            p5 = Lanes.MultiplyAdd(x, Vector256.Load(k5 + c), p5);
            p6 = Lanes.MultiplyAdd(x, Vector256.Load(k6 + c), p6);
            p7 = Lanes.MultiplyAdd(x, Vector256.Load(k7 + c), p7);
        }
        Sums(p0, p1, p2, p3).Store(scores);
        Sums(p4, p5, p6, p7).Store(scores + 4);
    }

    /// <summary>The sums of four vectors, each as <see cref="Lanes.Sum"/> computes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        if (!Sse.IsSupported) return Vector128.Create(Lanes.Sum(a), Lanes.Sum(b), Lanes.Sum(c), Lanes.Sum(d));
        Vector128<float> a4 = a.GetLower() + a.GetUpper(), b4 = b.GetLower() + b.GetUpper();
        Vector128<float> c4 = c.GetLower() + c.GetUpper(), d4 = d.GetLower() + d.GetUpper();
        Vector128<float> ab = Sse.MoveLowToHigh(a4, b4) + Sse.MoveHighToLow(b4, a4);
        Vector128<float> cd = Sse.MoveLowToHigh(c4, d4) + Sse.MoveHighToLow(d4, c4);
        return Sse.Shuffle(ab, cd, 0b10_00_10_00) + Sse.Shuffle(ab, cd, 0b11_01_11_01);
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
        float factor = Exponential.Exp(state.Largest - largest);
        state.Total = state.Total * factor + Lanes.Sum(total);
        state.Largest = largest;
        var factors = Vector256.Create(factor);
        for (int c = 0; c < shape.Stride; c += Lanes.Count) (Vector256.Load(state.Sum + c) * factors).Store(state.Sum + c);
    }

    /// <summary>Adds weight · value to four vectors of each query's sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SumValues(AttentionShape shape, int count, int* visible, float* weights, float* values, float* sums)
    {
        for (int i = 0; i < count;)
        {
            float* sum = sums + (long)i * shape.StateStride;
            float* weight = weights + i * AttentionShape.Span;
            bool pair = i + 1 < count && visible[i] == visible[i + 1];
            if (pair) AddPair(weight, visible[i], values, shape.Stride, sum, sum + shape.StateStride);
            else AddOne(weight, visible[i], values, shape.Stride, sum);
            i += pair ? 2 : 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddPair(float* weights, int visible, float* values, int stride, float* p, float* q)
    {
        Vector256<float> p0 = Vector256.Load(p), p1 = Vector256.Load(p + 8), p2 = Vector256.Load(p + 16), p3 = Vector256.Load(p + 24);
        Vector256<float> q0 = Vector256.Load(q), q1 = Vector256.Load(q + 8), q2 = Vector256.Load(q + 16), q3 = Vector256.Load(q + 24);
        for (int j = 0; j < visible; j++, values += stride)
        {
            Vector256<float> x = Vector256.Create(weights[j]), y = Vector256.Create(weights[j + AttentionShape.Span]);
            Vector256<float> value = Vector256.Load(values);
            p0 = Lanes.MultiplyAdd(x, value, p0);
            q0 = Lanes.MultiplyAdd(y, value, q0);
            value = Vector256.Load(values + 8);
            p1 = Lanes.MultiplyAdd(x, value, p1);
            q1 = Lanes.MultiplyAdd(y, value, q1);
            value = Vector256.Load(values + 16);
            p2 = Lanes.MultiplyAdd(x, value, p2);
            q2 = Lanes.MultiplyAdd(y, value, q2);
            value = Vector256.Load(values + 24);
            p3 = Lanes.MultiplyAdd(x, value, p3);
            q3 = Lanes.MultiplyAdd(y, value, q3);
        }
        p0.Store(p);
        p1.Store(p + 8);
        p2.Store(p + 16);
        p3.Store(p + 24);
        q0.Store(q);
        q1.Store(q + 8);
        q2.Store(q + 16);
        q3.Store(q + 24);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddOne(float* weights, int visible, float* values, int stride, float* p)
    {
        Vector256<float> p0 = Vector256.Load(p), p1 = Vector256.Load(p + 8), p2 = Vector256.Load(p + 16), p3 = Vector256.Load(p + 24);
        for (int j = 0; j < visible; j++, values += stride)
        {
            Vector256<float> x = Vector256.Create(weights[j]);
            p0 = Lanes.MultiplyAdd(x, Vector256.Load(values), p0);
            p1 = Lanes.MultiplyAdd(x, Vector256.Load(values + 8), p1);
            p2 = Lanes.MultiplyAdd(x, Vector256.Load(values + 16), p2);
            p3 = Lanes.MultiplyAdd(x, Vector256.Load(values + 24), p3);
        }
        p0.Store(p);
        p1.Store(p + 8);
        p2.Store(p + 16);
        p3.Store(p + 24);
    }
}
