using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Heads;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void KvWrite(Tensor k, Tensor v, StepRows rows, KvPages pages, KvLayer layer)
    {
        int columns = checked(layer.Heads * layer.HeadDim);
        Check.Input(k, k.Rows, columns);
        Check.Input(v, k.Rows, columns);
        KvPlace cache = Cache(rows, k.Rows, pages, layer, nameof(KvWrite));
        long count = k.Count / layer.Encoding.BlockLength();
        switch (layer.Encoding)
        {
            case Encoding.F32: ForNumbers(count, new KvWriteKernel<F32Entry>(k.Address, v.Address, cache, count)); break;
            case Encoding.F16: ForNumbers(count, new KvWriteKernel<F16Entry>(k.Address, v.Address, cache, count)); break;
            case Encoding.BF16: ForNumbers(count, new KvWriteKernel<BF16Entry>(k.Address, v.Address, cache, count)); break;
            default: ForNumbers(count, new KvWriteKernel<Q8Entry>(k.Address, v.Address, cache, count)); break;
        }
    }

    /// <summary>What the host can see; positions and pages are in device memory, and what is missing there is left out or NaN.</summary>
    static KvPlace Cache(StepRows rows, int count, KvPages pages, KvLayer layer, string operation)
    {
        Check.Cache(rows, count, pages, layer, operation);
        return new KvPlace(rows, pages, layer);
    }

    /// <summary>A thread for each block of each head. A row whose page is missing is left out.</summary>
    internal readonly struct KvWriteKernel<TEntry>(long k, long v, KvPlace cache, long count) : IKernel
        where TEntry : struct, IKvEntry
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            int headDim = cache.HeadDim, blocks = headDim / TEntry.Length;
            int block = (int)(i % blocks), head = (int)(i / blocks % cache.Heads);
            long row = i / blocks / cache.Heads, source = i * TEntry.Length * 4;
            int slot = cache.Slot(row), place = cache.Row(slot);
            long page = cache.Page(cache.Sequence(row), slot);
            if (page == 0) return;
            TEntry.Encode(k + source, cache.Keys(page, head), place, block, cache.PageRows, headDim);
            TEntry.Encode(v + source, cache.Values(page, head), place, block, cache.PageRows, headDim);
        }
    }
}
