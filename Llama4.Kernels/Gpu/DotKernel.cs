using ILGPU;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Gpu;

/// <summary>Where the matrices of a product lie.</summary>
struct DotArguments
{
    public long X, Y;
    public int Rows, Columns, Outputs;

    /// <summary>Address of the weights, and of the scales or 0; with <see cref="Choices"/>, in <see cref="Table"/> instead.</summary>
    public long Weights, Scales;

    /// <summary>Bytes from a block to the one of the next output, and to the next along the inputs.</summary>
    public long OutputBytes, InputBytes;

    /// <summary>Bias of each output, or 0.</summary>
    public long Bias;

    /// <summary>1: y += instead of y =.</summary>
    public int Add;

    /// <summary>0, or the expert of each row.</summary>
    public long Choices;

    /// <summary>For each expert the addresses of weights and scales.</summary>
    public long Table;

    public int Experts;
}

/// <summary>y = x Wᵀ, decoding W where it lies: a warp for each number of y, its lanes over the inputs. Row of an unknown expert: NaN.</summary>
readonly struct DotKernel<TFormat, TBlock>(DotArguments a) : IKernel
    where TFormat : struct, IFormat<TBlock>
    where TBlock : unmanaged
{
    public void Run()
    {
        long item = GroupWork.WarpIndex;
        if (item >= (long)a.Rows * a.Outputs) return;
        long row = item / a.Outputs, output = item % a.Outputs;
        long weights = a.Weights, scales = a.Scales;
        bool known = true;
        if (a.Choices != 0)
        {
            int expert = Memory.Int(a.Choices + row * 4);
            known = expert >= 0 && expert < a.Experts;
            long entry = a.Table + (known ? expert : 0) * 16L;
            weights = Memory.Long(entry);
            scales = Memory.Long(entry + 8);
        }
        weights += output * a.OutputBytes;
        float sum = 0;
        for (int c = Warp.LaneIdx; c < a.Columns; c += Lanes.Count)
        {
            ref readonly TBlock block = ref Memory.At<TBlock>(weights + c / TFormat.Length * a.InputBytes);
            sum = Arithmetic.MultiplyAdd(TFormat.Decode(in block, c % TFormat.Length), Memory.Float(a.X + (row * a.Columns + c) * 4), sum);
        }
        sum = Lanes.Sum(sum);
        if (Warp.LaneIdx != 0) return;
        if (scales != 0) sum *= Memory.Float(scales + output * 4);
        if (a.Bias != 0) sum += Memory.Float(a.Bias + output * 4);
        if (a.Add != 0) sum += Memory.Float(a.Y + item * 4);
        Memory.Store(a.Y + item * 4, known ? sum : float.NaN);
    }
}
