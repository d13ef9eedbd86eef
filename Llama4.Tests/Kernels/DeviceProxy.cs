using Llama4.Kernels;
using Buffer = Llama4.Kernels.Buffer;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>Hands everything to another device, after a look at it.</summary>
abstract class DeviceProxy(Device inner) : Device
{
    /// <summary>Called before everything that can fail.</summary>
    /// <param name="used">The tensors in question.</param>
    protected abstract void Look(params ReadOnlySpan<Tensor?> used);

    protected Device Inner => inner;

    public override string Name => inner.Name;

    public override long AllocatedBytes => inner.AllocatedBytes;

    public override long FreeBytes => inner.FreeBytes;

    public override Buffer Allocate(long bytes)
    {
        Look();
        return inner.Allocate(bytes);
    }

    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding)
    {
        Look();
        return inner.Import(file, offset, rows, columns, encoding);
    }

    public override Weight? TryRepack(Weight weight)
    {
        Look(weight.Values);
        return inner.TryRepack(weight);
    }

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor target)
    {
        Look(target);
        inner.Upload(source, target);
    }

    public override void Download<T>(Tensor source, Span<T> target)
    {
        Look(source);
        inner.Download(source, target);
    }

    public override void Embed(Tensor rows, Tensor table, Tensor y)
    {
        Look(rows, table, y);
        inner.Embed(rows, table, y);
    }

    public override void GatherRows(Tensor x, Tensor rows, Tensor y)
    {
        Look(x, rows, y);
        inner.GatherRows(x, rows, y);
    }

    public override void ScatterRows(Tensor x, Tensor rows, Tensor y)
    {
        Look(x, rows, y);
        inner.ScatterRows(x, rows, y);
    }

    public override void AddRows(Tensor x, Tensor y)
    {
        Look(x, y);
        inner.AddRows(x, y);
    }

    public override void RmsNorm(Tensor x, Tensor? w, float eps, Tensor y)
    {
        Look(x, w, y);
        inner.RmsNorm(x, w, eps, y);
    }

    public override void LayerNorm(Tensor x, Tensor w, Tensor b, float eps, Tensor y)
    {
        Look(x, w, b, y);
        inner.LayerNorm(x, w, b, eps, y);
    }

    public override void SiluMul(Tensor gate, Tensor up, Tensor y)
    {
        Look(gate, up, y);
        inner.SiluMul(gate, up, y);
    }

    public override void Gelu(Tensor x)
    {
        Look(x);
        inner.Gelu(x);
    }

    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections)
    {
        Look(x);
        foreach (ref readonly Projection p in projections) Look(p.Weight.Values, p.Weight.Scales, p.Output, p.Bias);
        inner.MatMul(x, projections);
    }

    public override void RotaryTable(Tensor positions, Tensor frequencies, Tensor table)
    {
        Look(positions, frequencies, table);
        inner.RotaryTable(positions, frequencies, table);
    }

    public override void Rotate(Tensor x, Tensor table)
    {
        Look(x, table);
        inner.Rotate(x, table);
    }

    public override void ScaleByPosition(Tensor q, Tensor positions, float floor, float scale)
    {
        Look(q, positions);
        inner.ScaleByPosition(q, positions, floor, scale);
    }

    public override void KvWrite(Tensor k, Tensor v, StepRows rows, KvPages pages, KvLayer layer)
    {
        Look(k, v, rows.Positions, rows.Sequences, pages.Table);
        inner.KvWrite(k, v, rows, pages, layer);
    }

    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y)
    {
        Look(q, rows.Positions, rows.Sequences, pages.Table, y);
        inner.Attention(q, rows, pages, layer, y);
    }

    public override void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y)
    {
        Look(q, k, v, y);
        inner.GroupAttention(q, k, v, groupRows, heads, y);
    }

    public override void ChooseExperts(Tensor logits, Route route)
    {
        Look(logits, route.Experts, route.Scores);
        inner.ChooseExperts(logits, route);
    }

    public override void ScaleByScore(Tensor x, Route route, Tensor y)
    {
        Look(x, route.Experts, route.Scores, y);
        inner.ScaleByScore(x, route, y);
    }

    public override void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections)
    {
        Look(x, route.Experts, route.Scores);
        foreach (ref readonly ExpertProjection p in projections) Look(p.Output, p.Experts[0].Values, p.Experts[^1].Values, p.Experts[0].Scales);
        inner.ExpertMatMul(x, route, projections);
    }

    public override void AddExperts(Tensor x, Tensor y)
    {
        Look(x, y);
        inner.AddExperts(x, y);
    }

    public override void Dispose() => inner.Dispose();
}
