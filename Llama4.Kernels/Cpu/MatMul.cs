namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    readonly MatMulCall matMul = new();

    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections)
    {
        Check.Input(x, x.Rows, x.Columns);
        foreach (ref readonly Projection p in projections) CheckProduct(x, p.Weight, p.Output, p.Bias, nameof(MatMul));
        lock (matMul)
            for (int first = 0; first < x.Rows; first += MatMulInput.MaxRows)
            {
                int rows = Math.Min(MatMulInput.MaxRows, x.Rows - first);
                matMul.Clear();
                foreach (ref readonly Projection p in projections)
                {
                    MatMulPart part = PartOf(p.Weight, p.Output);
                    part.Y += (long)first * part.Outputs;
                    part.Add = p.Add;
                    part.Bias = p.Bias is Tensor bias ? (float*)bias.Address : null;
                    part.Rows = rows;
                    matMul.Add(part);
                }
                matMul.Run(team, (float*)x.Address + (long)first * x.Columns, x.Columns, null, rows);
            }
    }

    MatMulPart PartOf(Weight weight, in Tensor output) => new()
    {
        Kernel = MatMulKernel.Of(weight, options.Activations),
        Weights = (byte*)weight.Values.Address,
        RowBytes = weight.Values.RowBytes,
        Outputs = weight.Outputs,
        Scales = weight.Scales is Tensor scales ? (float*)scales.Address : null,
        Y = (float*)output.Address,
    };

    static void CheckProduct(in Tensor x, Weight weight, in Tensor output, Tensor? bias, string operation)
    {
        if (weight.Inputs != x.Columns) throw new ArgumentException($"{operation}: W has {weight.Inputs} inputs, x has {x.Columns} columns", nameof(weight));
        Check.Inside(weight.Values, nameof(weight), operation);
        Check.Output(output, x.Rows, weight.Outputs, operation: operation);
        if (weight.Scales is Tensor scales) Check.Input(scales, 1, weight.Outputs, operation: operation);
        if (bias is Tensor b) Check.Input(b, 1, weight.Outputs, name: nameof(bias), operation: operation);
    }
}
