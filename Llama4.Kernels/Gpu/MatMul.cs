using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections) => MatMul(new ProductInput(this, x), projections);

    void MatMul(ProductInput input, params ReadOnlySpan<Projection> projections)
    {
        Tensor x = input.X;
        Check.Input(x, x.Rows, x.Columns);
        foreach (ref readonly Projection p in projections) Check.Product(x, p.Weight, p.Output, p.Bias, nameof(MatMul));
        for (int from = 0; from < projections.Length;)
        {
            // Neighbours that are stored alike go together.
            ref readonly Projection first = ref projections[from];
            ProductArguments arguments = Arguments(x);
            ProductWay way = WayOf(x, first.Weight, first.Weight.Values.Address);
            int count = 0;
            do arguments.Add(count++, PartOf(projections[from]));
            while (++from < projections.Length && count < ProductArguments.MostParts && way != ProductWay.Plain
                && projections[from].Weight is { } next && next.Encoding == first.Weight.Encoding && WayOf(x, next, next.Values.Address) == way);
            Multiply(way, first.Weight, ref input, arguments);
        }
    }

    static ProductArguments Arguments(in Tensor x) => new() { Rows = x.Rows, Columns = x.Columns };

    static ProductPart PartOf(in Projection p)
    {
        ProductPart part = PartOf(p.Weight, p.Output);
        part.Bias = p.Bias?.Address ?? 0;
        part.Add = p.Add ? 1 : 0;
        return part;
    }

    static ProductPart PartOf(Weight weight, in Tensor output)
    {
        long blockBytes = weight.Encoding.BlockBytes(), rowBytes = weight.Values.RowBytes;
        return new()
        {
            Y = output.Address,
            Outputs = weight.Outputs,
            Weights = weight.Values.Address,
            Scales = weight.Scales?.Address ?? 0,
            OutputBytes = weight.InputMajor ? blockBytes : rowBytes,
            InputBytes = weight.InputMajor ? rowBytes : blockBytes,
        };
    }

    /// <param name="weight">One of those that are stored alike.</param>
    void Multiply(ProductWay way, Weight weight, ref ProductInput input, in ProductArguments arguments)
    {
        if (way == ProductWay.FewRowsBytes) MultiplyBytes(weight.Encoding, ref input, arguments);
        else if (way == ProductWay.FewRowsFragments) MultiplyFragments(weight.Encoding, input.Fragments(), arguments);
        else if (way == ProductWay.FewRowsFloats) MultiplyFloats(weight.Encoding, input.X, arguments);
        else if (way is ProductWay.ManyRows or ProductWay.ManyRowsDecoded) MultiplyMany(way, weight.Encoding, input.BFloats(), arguments);
        else FormatSwitch.Call(weight.Encoding, new DotCall(this, input.X.Address, arguments));
    }

    readonly struct DotCall(GpuDevice device, long x, ProductArguments arguments) : IAnyFormatAction
    {
        public void Run<TFormat, TBlock>()
            where TFormat : struct, IFormat<TBlock>
            where TBlock : unmanaged
        {
            device.ForWarps(arguments.Rows * (long)arguments.First.Outputs, new DotKernel<TFormat, TBlock>(x, arguments));
        }
    }
}
