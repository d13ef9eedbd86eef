using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Drawing;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    readonly DeviceScratch drawScratch;

    public override bool DrawsFast => true;

    public override void Draw(Tensor x, Tensor rules, Tensor chosen)
    {
        Check.Input(x, x.Rows, x.Columns);
        Check.Input(rules, x.Rows, DrawRule.Words, Encoding.I32);
        Check.Output(chosen, 1, x.Rows, Encoding.I32);
        if (x.Columns == 0 || x.Rows == 0)
        {
            base.Draw(x, rules, chosen);
            return;
        }
        int slices = (x.Columns + LargestKernel.SliceColumns - 1) / LargestKernel.SliceColumns;
        long largestBytes = (long)x.Rows * slices * 8;
        long largest = drawScratch.Address(largestBytes + x.Count * 4), lists = largest + largestBytes;
        Launch((long)x.Rows * slices, new LargestKernel(x.Address, x.Columns, slices, largest));
        Launch(x.Rows, new DrawKernel(x.Address, x.Columns, rules.Address, largest, slices, lists, chosen.Address));
    }

    /// <summary>The largest key of each slice of each row; all ones where a number is not finite.</summary>
    internal readonly struct LargestKernel(long x, int columns, int slices, long largest) : IKernel
    {
        public const int SliceColumns = 2048;

        public void Run()
        {
            ArrayView<ulong> shared = SharedMemory.Allocate<ulong>(1);
            if (Group.IdxX == 0) shared[0] = 0;
            Group.Barrier();
            int row = Grid.IdxX / slices, from = Grid.IdxX % slices * SliceColumns, to = IntrinsicMath.Min(from + SliceColumns, columns);
            long source = x + (long)row * columns * 4;
            ulong best = 0;
            for (int c = from + Group.IdxX; c < to; c += Group.DimX)
            {
                float value = Memory.Float(source + c * 4L);
                ulong key = float.IsFinite(value) ? DrawKernel.Key(value, c) : ulong.MaxValue;
                if (key > best) best = key;
            }
            Atomic.Max(ref shared[0], best);
            Group.Barrier();
            if (Group.IdxX == 0) Memory.Store(largest + Grid.IdxX * 8L, (long)shared[0]);
        }
    }
}
