using Llama4.Kernels.Formats;
using Llama4.Kernels.Cpu;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections)
    {
        Check.Input(x, x.Rows, x.Columns);
        foreach (ref readonly Projection p in projections) CheckProduct(x, p.Weight, p.Output, p.Bias, nameof(MatMul));
        foreach (ref readonly Projection p in projections)
        {
            DotArguments arguments = Product(x, p.Weight, p.Output);
            arguments.Bias = p.Bias?.Address ?? 0;
            arguments.Add = p.Add ? 1 : 0;
            Multiply(p.Weight.Encoding, arguments);
        }
    }

    static DotArguments Product(in Tensor x, Weight weight, in Tensor output)
    {
        long blockBytes = weight.Encoding.BlockBytes(), rowBytes = weight.Values.RowBytes;
        return new()
        {
            X = x.Address,
            Y = output.Address,
            Rows = x.Rows,
            Columns = x.Columns,
            Outputs = weight.Outputs,
            Weights = weight.Values.Address,
            Scales = weight.Scales?.Address ?? 0,
            OutputBytes = weight.InputMajor ? blockBytes : rowBytes,
            InputBytes = weight.InputMajor ? rowBytes : blockBytes,
        };
    }

    void Multiply(Encoding encoding, in DotArguments arguments) => FormatSwitch.Call<DotCall, int>(encoding, new DotCall(this, arguments));

    static void CheckProduct(in Tensor x, Weight weight, in Tensor output, Tensor? bias, string operation)
    {
        if (weight.Inputs != x.Columns) throw new ArgumentException($"{operation}: W has {weight.Inputs} inputs, x has {x.Columns} columns", nameof(weight));
        Check.Inside(weight.Values, nameof(weight), operation);
        Check.Output(output, x.Rows, weight.Outputs, operation: operation);
        if (weight.Scales is Tensor scales) Check.Input(scales, 1, weight.Outputs, operation: operation);
        if (bias is Tensor b) Check.Input(b, 1, weight.Outputs, name: nameof(bias), operation: operation);
    }

    readonly struct DotCall(GpuDevice device, DotArguments arguments) : IFormatAction<int>
    {
        public int Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => Launch<TFormat, TBlock>();

        public int Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => Launch<TFormat, TBlock>();

        int Launch<TFormat, TBlock>()
            where TFormat : struct, IFormat<TBlock>
            where TBlock : unmanaged
        {
            device.ForWarps((long)arguments.Rows * arguments.Outputs, new DotKernel<TFormat, TBlock>(arguments));
            return 0;
        }
    }
}
