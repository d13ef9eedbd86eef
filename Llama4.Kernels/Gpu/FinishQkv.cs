using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Heads;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void FinishQkv(Tensor q, Tensor k, Tensor v, HeadRule rule, StepRows rows, KvPages pages, KvLayer layer)
    {
        int headDim = layer.HeadDim, columns = checked(layer.Heads * headDim);
        Check.Output(q, k.Rows, q.Columns);
        Check.Input(k, k.Rows, columns);
        Check.Input(v, k.Rows, columns);
        KvPlace cache = Cache(rows, k.Rows, pages, layer, nameof(FinishQkv));
        if (rule.Rotary is Tensor table)
        {
            Check.Input(table, table.Rows, headDim);
            if (table.Rows == 0) throw new ArgumentException("FinishQkv: the rotary table has no rows", nameof(rule));
        }
        if (q.Columns % headDim != 0)
            throw new ArgumentException($"FinishQkv: rows of {q.Columns} numbers are not whole heads of {headDim}", nameof(q));
        // A warp holds a head as four numbers in each lane.
        bool fits = headDim % 4 == 0 && headDim <= HeadState.MostNumbers
            && (q.Address | k.Address | v.Address | (rule.Rotary?.Address ?? 0) | layer.KeyOffset | layer.ValueOffset) % 16 == 0;
        if (!fits)
        {
            base.FinishQkv(q, k, v, rule, rows, pages, layer);
            return;
        }
        var heads = new HeadArguments(q, k, v, rule, headDim);
        long items = (long)q.Rows * heads.Count;
        switch (layer.Encoding)
        {
            case Encoding.F32: ForWarps(items, new FinishQkvKernel<F32Entry>(heads, cache, items)); break;
            case Encoding.F16: ForWarps(items, new FinishQkvKernel<F16Entry>(heads, cache, items)); break;
            case Encoding.BF16: ForWarps(items, new FinishQkvKernel<BF16Entry>(heads, cache, items)); break;
            default: ForWarps(items, new FinishQkvKernel<Q8Entry>(heads, cache, items)); break;
        }
    }

    /// <summary>The heads of a step and what is done to them.</summary>
    internal readonly struct HeadArguments(Tensor q, Tensor k, Tensor v, HeadRule rule, int headDim)
    {
        public readonly long Q = q.Address, K = k.Address, V = v.Address;
        public readonly int Heads = q.Columns / headDim, KeyHeads = k.Columns / headDim;

        /// <summary>0: no rotation.</summary>
        public readonly long Table = rule.Rotary?.Address ?? 0;
        public readonly int TableRows = rule.Rotary?.Rows ?? 1;

        /// <summary>Negative: no norm.</summary>
        public readonly float Eps = rule.NormEps ?? -1;

        /// <summary>Floor 0: no factor.</summary>
        public readonly float Floor = rule.Scale?.Floor ?? 0, Scale = rule.Scale?.Scale ?? 0;

        /// <summary>Heads of a row: queries, keys, values.</summary>
        public int Count => Heads + 2 * KeyHeads;
    }

    /// <summary>A warp for each head of each row.</summary>
    internal readonly struct FinishQkvKernel<TEntry>(HeadArguments a, KvPlace cache, long items) : IKernel
        where TEntry : struct, IKvEntry
    {
        public void Run()
        {
            long item = GroupWork.WarpIndex;
            if (item >= items) return;
            long row = item / a.Count;
            int head = (int)(item % a.Count), keyHead = head - a.Heads, headDim = cache.HeadDim;
            bool isQuery = keyHead < 0, isValue = keyHead >= a.KeyHeads;
            if (isValue) keyHead -= a.KeyHeads;
            long source = isQuery ? a.Q + (row * a.Heads + head) * headDim * 4 : (isValue ? a.V : a.K) + (row * a.KeyHeads + keyHead) * headDim * 4;
            int first = IntrinsicMath.Min(Warp.LaneIdx * 4, headDim);
            Float4 numbers = default;
            if (first < headDim) numbers = Memory.Floats(source + first * 4L);
            if (!isValue) numbers = Position(numbers, row, first, isQuery);
            if (isQuery)
            {
                if (first < headDim) Memory.Store(source + first * 4L, numbers);
                return;
            }
            int slot = cache.Slot(row);
            long page = cache.Page(cache.Sequence(row), slot);
            // A row whose page is missing is left out.
            if (page == 0) return;
            long part = isValue ? cache.Values(page, keyHead) : cache.Keys(page, keyHead);
            TEntry.EncodeFour(numbers, part, cache.Row(slot), first, cache.PageRows, headDim);
        }

        Float4 Position(Float4 x, long row, int first, bool isQuery)
        {
            if (a.Table != 0 && first < cache.HeadDim)
            {
                Float4 turns = Memory.Floats(a.Table + (row % a.TableRows * cache.HeadDim + first) * 4);
                Float4 turned = default;
                turned.X = Arithmetic.MultiplyAdd(x.X, turns.X, -(x.Y * turns.Y));
                turned.Y = Arithmetic.MultiplyAdd(x.Y, turns.X, x.X * turns.Y);
                turned.Z = Arithmetic.MultiplyAdd(x.Z, turns.Z, -(x.W * turns.W));
                turned.W = Arithmetic.MultiplyAdd(x.W, turns.Z, x.Z * turns.W);
                x = turned;
            }
            if (a.Eps >= 0)
            {
                float square = Arithmetic.MultiplyAdd(x.X, x.X, Arithmetic.MultiplyAdd(x.Y, x.Y, Arithmetic.MultiplyAdd(x.Z, x.Z, x.W * x.W)));
                x = Times(x, 1 / MathF.Sqrt(Lanes.Sum(square) / cache.HeadDim + a.Eps));
            }
            return isQuery && a.Floor != 0 ? Times(x, ScaleByPositionKernel.Factor(cache.Position(row), a.Floor, a.Scale)) : x;
        }

        static Float4 Times(Float4 x, float factor)
        {
            x.X *= factor;
            x.Y *= factor;
            x.Z *= factor;
            x.W *= factor;
            return x;
        }
    }
}
