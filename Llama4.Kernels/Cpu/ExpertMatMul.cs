namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections)
    {
        int* experts = (int*)route.Experts.Address;
        foreach (ExpertProjection p in projections)
            for (int i = 0; i < x.Rows; i++)
                Multiply((float*)x.Address + (long)i * x.Columns, p.Experts[experts[i]])
                    .CopyTo(new Span<float>((float*)p.Output.Address + (long)i * p.Output.Columns, p.Output.Columns));
    }
}
