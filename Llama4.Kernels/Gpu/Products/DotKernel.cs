using ILGPU;
using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>
/// y = x Wᵀ for the one part, decoding W where it lies: a warp for each number of y, its lanes over the inputs. Row of an unknown expert: NaN.
/// </summary>
readonly struct DotKernel<TFormat, TBlock>(long x, ProductArguments a) : IKernel
    where TFormat : struct, IFormat<TBlock>
    where TBlock : unmanaged
{
    public void Run()
    {
        long item = GroupWork.WarpIndex;
        if (item >= (long)a.Rows * a.First.Outputs) return;
        int row = (int)(item / a.First.Outputs), output = (int)(item % a.First.Outputs);
        ProductPart part = a.First;
        int expert = 0;
        if (a.Choices != 0)
        {
            expert = a.Expert(row);
            part = part.Of(IntrinsicMath.Max(expert, 0));
        }
        long weights = part.Weights + output * part.OutputBytes;
        float sum = 0;
        for (int c = Warp.LaneIdx; c < a.Columns; c += Lanes.Count)
        {
            ref readonly TBlock block = ref Memory.At<TBlock>(weights + c / TFormat.Length * part.InputBytes);
            sum = Arithmetic.MultiplyAdd(TFormat.Decode(in block, c % TFormat.Length), Memory.Float(x + ((long)row * a.Columns + c) * 4), sum);
        }
        sum = Lanes.Sum(sum);
        if (Warp.LaneIdx == 0) part.Store(row, output, expert >= 0 ? sum : float.NaN);
    }
}
