namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    readonly MatMulCall matMul = new();

    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections)
    {
        Check.Input(x, x.Rows, x.Columns);
        foreach (ref readonly Projection p in projections) Check.Product(x, p.Weight, p.Output, p.Bias, nameof(MatMul));
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
        Kernel = MatMulKernel.Of(weight, options.Activations, Path),
        Weights = (byte*)weight.Values.Address,
        RowBytes = weight.Values.RowBytes,
        Outputs = weight.Outputs,
        Repacked = weight.Repacked,
        OutputBytes = weight.Values.Bytes / Math.Max(1, weight.Outputs),
        Scales = weight.Scales is Tensor scales ? (float*)scales.Address : null,
        Y = (float*)output.Address,
    };
}
