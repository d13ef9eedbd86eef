namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections)
    {
        foreach (Projection p in projections)
            for (int t = 0; t < x.Rows; t++)
            {
                float* y = (float*)p.Output.Address + (long)t * p.Output.Columns;
                float[] product = Multiply((float*)x.Address + (long)t * x.Columns, p.Weight);
                for (int o = 0; o < product.Length; o++)
                    y[o] = product[o] + (p.Add ? y[o] : 0) + (p.Bias is Tensor bias ? ((float*)bias.Address)[o] : 0);
            }
    }

    static float[] Multiply(float* x, Weight weight)
    {
        var y = new float[weight.Outputs];
        var row = new float[weight.Values.Columns];
        fixed (float* w = row)
            for (int r = 0; r < weight.Values.Rows; r++)
            {
                DecodeRow(weight.Values, r, w);
                for (int c = 0; c < row.Length; c++)
                    if (weight.InputMajor) y[c] += x[r] * w[c];
                    else y[r] += x[c] * w[c];
            }
        if (weight.Scales is Tensor scales)
            for (int o = 0; o < y.Length; o++) y[o] *= ((float*)scales.Address)[o];
        return y;
    }
}
