using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

/// <summary>Where quantised matrices follow that take few rows as bytes, the kernel that makes the rows makes the bytes as well.</summary>
sealed partial class GpuDevice
{
    public override void NormMatMul(Tensor x, Tensor w, float eps, Tensor normed, params ReadOnlySpan<Projection> projections)
    {
        ByteRows bytes = default;
        foreach (ref readonly Projection p in projections)
            if (WayOf(normed, p.Weight, p.Weight.Values.Address) == ProductWay.FewRowsBytes) bytes = NewBytes(normed);
        RmsNorm(x, w, eps, normed, bytes);
        MatMul(new ProductInput(this, normed, bytes), projections);
    }

    public override void AttentionMatMul(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor heads, Projection output)
    {
        ByteRows bytes = WayOf(heads, output.Weight, output.Weight.Values.Address) == ProductWay.FewRowsBytes ? NewBytes(heads) : default;
        if (!Attention(q, rows, pages, layer, heads, bytes)) bytes = default;
        MatMul(new ProductInput(this, heads, bytes), output);
    }

    public override void SwiGlu(Tensor x, Weight gate, Weight up, Weight down, Tensor gated, Tensor raised, Tensor y)
    {
        MatMul(x, new(gate, gated), new(up, raised));
        ByteRows bytes = WayOf(gated, down, down.Values.Address) == ProductWay.FewRowsBytes ? NewBytes(gated) : default;
        SiluMul(gated, raised, gated, bytes);
        MatMul(new ProductInput(this, gated, bytes), new Projection(down, y, Add: true));
    }

    public override void ExpertSwiGlu(Tensor x, Route route, ExpertProjection gate, ExpertProjection up, ExpertProjection down, Tensor y)
    {
        ExpertMatMul(x, route, gate, up);
        ByteRows bytes = WayOf(gate.Output, down) == ProductWay.FewRowsBytes ? NewBytes(gate.Output) : default;
        SiluMul(gate.Output, up.Output, gate.Output, bytes);
        // With one expert to a row its output is the whole sum.
        bool isSum = down.Output.Rows == y.Rows;
        ExpertMatMul(new ProductInput(this, gate.Output, bytes), route, isSum, isSum ? down with { Output = y } : down);
        if (!isSum) AddExperts(down.Output, y);
    }

    /// <summary>Room for the bytes of x, until the next product.</summary>
    ByteRows NewBytes(in Tensor x) => new(byteScratch.Address(ByteRows.Bytes(x.Rows, x.Columns)), x.Rows, x.Columns);
}
