using Llama4.Kernels;
using Buffer = Llama4.Kernels.Buffer;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>A device that fails once, at a call of choice: an allocation, a copy or an operation.</summary>
sealed class FaultyDevice(Device inner) : Device
{
    Exception? fault;
    int callsLeft;

    /// <summary>Whether only allocations count, and fail.</summary>
    public bool OnlyAllocations { get; set; }

    /// <summary>Whether the fault of the last <see cref="FailAt"/> has happened.</summary>
    public bool HasFailed => fault is null;

    /// <param name="call">1: the very next.</param>
    public void FailAt(int call, Exception error)
    {
        callsLeft = call;
        fault = error;
    }

    /// <summary>Whatever was to come does not.</summary>
    public void Heal() => fault = null;

    Device Checked(bool isAllocation = false)
    {
        if (fault is null || (OnlyAllocations && !isAllocation) || --callsLeft > 0) return inner;
        Exception thrown = fault;
        fault = null;
        throw thrown;
    }

    public override string Name => inner.Name;

    public override long AllocatedBytes => inner.AllocatedBytes;

    public override Buffer Allocate(long bytes) => Checked(isAllocation: true).Allocate(bytes);

    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding) =>
        Checked().Import(file, offset, rows, columns, encoding);

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor target) => Checked().Upload(source, target);

    public override void Download<T>(Tensor source, Span<T> target) => Checked().Download(source, target);

    public override void Embed(Tensor rows, Tensor table, Tensor y) => Checked().Embed(rows, table, y);

    public override void GatherRows(Tensor x, Tensor rows, Tensor y) => Checked().GatherRows(x, rows, y);

    public override void ScatterRows(Tensor x, Tensor rows, Tensor y) => Checked().ScatterRows(x, rows, y);

    public override void AddRows(Tensor x, Tensor y) => Checked().AddRows(x, y);

    public override void RmsNorm(Tensor x, Tensor? w, float eps, Tensor y) => Checked().RmsNorm(x, w, eps, y);

    public override void LayerNorm(Tensor x, Tensor w, Tensor b, float eps, Tensor y) => Checked().LayerNorm(x, w, b, eps, y);

    public override void SiluMul(Tensor gate, Tensor up, Tensor y) => Checked().SiluMul(gate, up, y);

    public override void Gelu(Tensor x) => Checked().Gelu(x);

    public override void MatMul(Tensor x, params ReadOnlySpan<Projection> projections) => Checked().MatMul(x, projections);

    public override void RotaryTable(Tensor positions, Tensor frequencies, Tensor table) => Checked().RotaryTable(positions, frequencies, table);

    public override void Rotate(Tensor x, Tensor table) => Checked().Rotate(x, table);

    public override void ScaleByPosition(Tensor q, Tensor positions, float floor, float scale) =>
        Checked().ScaleByPosition(q, positions, floor, scale);

    public override void KvWrite(Tensor k, Tensor v, StepRows rows, KvPages pages, KvLayer layer) => Checked().KvWrite(k, v, rows, pages, layer);

    public override void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y) =>
        Checked().Attention(q, rows, pages, layer, y);

    public override void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y) =>
        Checked().GroupAttention(q, k, v, groupRows, heads, y);

    public override void ChooseExperts(Tensor logits, Route route) => Checked().ChooseExperts(logits, route);

    public override void ScaleByScore(Tensor x, Route route, Tensor y) => Checked().ScaleByScore(x, route, y);

    public override void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections) =>
        Checked().ExpertMatMul(x, route, projections);

    public override void AddExperts(Tensor x, Tensor y) => Checked().AddExperts(x, y);

    public override void Dispose() => inner.Dispose();
}
