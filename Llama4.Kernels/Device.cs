using System.Buffers;

namespace Llama4.Kernels;

/// <summary>
/// Memory and the operations a step needs. One override per device; an operation may only enqueue its work, and
/// <see cref="Download{T}"/> waits for it. Nothing is allocated by an operation once its sizes have been seen.
/// Activations are F32 and contiguous unless said otherwise.
/// </summary>
/// <remarks>
/// Results do not depend on how rows are grouped into calls, nor on the number of threads: each output number is
/// computed by the same operations in the same order. Letters: T rows of the step, D width, H query heads, K key/value heads,
/// N head width, F feed-forward width, E experts, k experts per row.
/// </remarks>
public abstract class Device : IDisposable
{
    /// <summary>For people: the processor, its instruction set and threads.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes allocated and not disposed, without mapped files.</summary>
    public abstract long AllocatedBytes { get; }

    /// <summary>Bytes that can still be allocated, as far as is known now.</summary>
    public abstract long FreeBytes { get; }

    /// <summary>Zeroed memory, aligned to 64 bytes or more.</summary>
    /// <exception cref="OutOfMemoryException">The device has not that much.</exception>
    public abstract Buffer Allocate(long bytes);

    /// <summary>A zeroed contiguous matrix in a buffer of its own.</summary>
    public Tensor Allocate(int rows, int columns, Encoding encoding) =>
        new(Allocate(checked(rows * encoding.RowBytes(columns))), 0, rows, columns, encoding);

    /// <summary>Matrix of a file: a view where the device reads host memory, else a copy. The file must outlive the tensor.</summary>
    public abstract Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding);

    /// <summary>
    /// A copy of a matrix in the layout that this device multiplies fastest; the numbers and all results stay the same, to the bit.
    /// Null: the matrix is best as it is. The caller disposes of the copy's buffer.
    /// </summary>
    /// <exception cref="OutOfMemoryException">The device has no memory for the copy.</exception>
    public virtual Weight? TryRepack(Weight weight) => null;

    /// <summary>Copies to the front of a contiguous tensor.</summary>
    public abstract void Upload<T>(ReadOnlySpan<T> source, Tensor target) where T : unmanaged;

    /// <summary>Waits for all work, then copies from the front of a contiguous tensor.</summary>
    public abstract void Download<T>(Tensor source, Span<T> target) where T : unmanaged;

    /// <summary>Copies a contiguous tensor to one of as many bytes on another device, once all work here is done.</summary>
    public void CopyTo(Tensor source, Device other, Tensor target)
    {
        Span<byte> from = HostMemory(source), to = other.HostMemory(target);
        if (!from.IsEmpty) other.Upload<byte>(from, target);
        else if (!to.IsEmpty) Download(source, to);
        else CopyThroughHost(source, other, target);
    }

    /// <summary>The bytes of a contiguous tensor, where the host reaches them; else empty.</summary>
    internal virtual Span<byte> HostMemory(Tensor tensor) => default;

    void CopyThroughHost(Tensor source, Device other, Tensor target)
    {
        int bytes = checked((int)source.Bytes);
        byte[] host = ArrayPool<byte>.Shared.Rent(bytes);
        try
        {
            Download(source, host.AsSpan(0, bytes));
            other.Upload<byte>(host.AsSpan(0, bytes), target);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(host);
        }
    }

    /// <summary>
    /// The operations of <paramref name="work"/> for running them again with less effort; they are not run now. They have been run before, so
    /// that nothing need be allocated or prepared, and they copy nothing from or to the host. Tensors keep their place and size; what lies in
    /// them may change, and memory that the operations use must outlive the recording.
    /// </summary>
    public virtual Recording Record(Action work) => new(work);

    // Rows

    /// <summary>y[t] = table[rows[t]], decoded. rows I32 [1,T], table [V,D] in any encoding, y [T,D].</summary>
    public abstract void Embed(Tensor rows, Tensor table, Tensor y);

    /// <summary>y[i] = x[rows[i]]. rows I32 [1,M], x [·,D], y [M,D].</summary>
    public abstract void GatherRows(Tensor x, Tensor rows, Tensor y);

    /// <summary>y[rows[i]] = x[i]. rows I32 [1,M], all different, x [M,D], y [·,D].</summary>
    public abstract void ScatterRows(Tensor x, Tensor rows, Tensor y);

    /// <summary>y[i] += x[i mod rows of x]. x [M,D], y [T,D].</summary>
    public abstract void AddRows(Tensor x, Tensor y);

    // Norms and element-wise

    /// <summary>y = x / sqrt(mean(x²) + eps) · w over each row; w F32 [1,D] or absent. y may be x.</summary>
    public abstract void RmsNorm(Tensor x, Tensor? w, float eps, Tensor y);

    /// <summary>y = (x − mean(x)) / sqrt(var(x) + eps) · w + b over each row. y may be x.</summary>
    public abstract void LayerNorm(Tensor x, Tensor w, Tensor b, float eps, Tensor y);

    /// <summary>y = silu(gate) · up, silu(z) = z / (1 + e^−z). y may be gate or up.</summary>
    public abstract void SiluMul(Tensor gate, Tensor up, Tensor y);

    /// <summary>x = ½ x (1 + erf(x / √2)): the exact form, in place.</summary>
    public abstract void Gelu(Tensor x);

    // Linear layers

    /// <summary>For each projection y = x Wᵀ (+ bias), or y += x Wᵀ (+ bias). x [T,D]; the outputs are different tensors.</summary>
    public abstract void MatMul(Tensor x, params ReadOnlySpan<Projection> projections);

    // Positions and attention

    /// <summary>table[t] = (cos, sin) of positions[t] · frequencies[j], pairs interleaved. positions I32 [1,T], frequencies F32 [1,N/2], table [T,N].</summary>
    public abstract void RotaryTable(Tensor positions, Tensor frequencies, Tensor table);

    /// <summary>
    /// Rotates each pair (x[2j], x[2j+1]) of each head by row t mod (rows of table): x' = (x₀ cos − x₁ sin, x₀ sin + x₁ cos).
    /// x [T,heads·N] in place, table [M,N].
    /// </summary>
    public abstract void Rotate(Tensor x, Tensor table);

    /// <summary>q[t] *= 1 + scale · ln(1 + floor((positions[t] + 1) / floor)). q [T,H·N] in place.</summary>
    public abstract void ScaleByPosition(Tensor q, Tensor positions, float floor, float scale);

    /// <summary>Writes the rows k, v [T,K·N] to their slots. The rows of one sequence lie in one window: the next would overwrite what they see.</summary>
    public abstract void KvWrite(Tensor k, Tensor v, StepRows rows, KvPages pages, KvLayer layer);

    /// <summary>
    /// y[t,h] = Σ softmax(q[t,h] · key / √N) value over the positions that row t sees (see <see cref="KvPages"/>), its own included;
    /// the keys and values of the step have been written before. q, y [T,H·N].
    /// </summary>
    public abstract void Attention(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor y);

    /// <summary>
    /// Attention without mask inside groups of <paramref name="groupRows"/> neighbouring rows (the patches of one tile).
    /// q, k, v, y [T,heads·N], T a multiple of groupRows.
    /// </summary>
    public abstract void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y);

    // Experts

    /// <summary>Chooses the experts of each row from router logits [T,E].</summary>
    public abstract void ChooseExperts(Tensor logits, Route route);

    /// <summary>y[t·k + i] = scores[t,i] · x[t]: experts see their input scaled. x [T,D], y [T·k,D].</summary>
    public abstract void ScaleByScore(Tensor x, Route route, Tensor y);

    /// <summary>For each projection y[i] = x[i] W(expert)ᵀ with the expert of row i / k, choice i mod k. x [T·k,D].</summary>
    public abstract void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections);

    /// <summary>y[t] += Σ_i x[t·k + i], i ascending. x [T·k,D], y [T,D].</summary>
    public abstract void AddExperts(Tensor x, Tensor y);

    // Composites: the body is the definition, and a device may do the same in fewer kernels

    /// <summary>normed = RmsNorm(x, w); each projection of it. x, normed [T,D]; normed may be x.</summary>
    public virtual void NormMatMul(Tensor x, Tensor w, float eps, Tensor normed, params ReadOnlySpan<Projection> projections)
    {
        RmsNorm(x, w, eps, normed);
        MatMul(normed, projections);
    }

    /// <summary>
    /// Makes queries and keys what attention compares, and writes keys and values to their slots. q [T,H·N] in place, k, v [T,K·N];
    /// what k holds afterwards is undefined.
    /// </summary>
    public virtual void FinishQkv(Tensor q, Tensor k, Tensor v, HeadRule rule, StepRows rows, KvPages pages, KvLayer layer)
    {
        if (rule.Rotary is Tensor table)
        {
            Rotate(q, table);
            Rotate(k, table);
        }
        if (rule.NormEps is float eps)
        {
            HeadNorm(q, layer.HeadDim, eps);
            HeadNorm(k, layer.HeadDim, eps);
        }
        if (rule.Scale is PositionScale scale) ScaleByPosition(q, rows.Positions, scale.Floor, scale.Scale);
        KvWrite(k, v, rows, pages, layer);
    }

    /// <summary>heads = Attention(q), and its projection. q, heads [T,H·N].</summary>
    public virtual void AttentionMatMul(Tensor q, StepRows rows, KvPages pages, KvLayer layer, Tensor heads, Projection output)
    {
        Attention(q, rows, pages, layer, heads);
        MatMul(heads, output);
    }

    /// <summary>logits = x routerᵀ, the experts they choose, and x scaled for each of them. x [T,D], logits [T,E], scaled [T·k,D].</summary>
    public virtual void RouteRows(Tensor x, Weight router, Tensor logits, Route route, Tensor scaled)
    {
        MatMul(x, new Projection(router, logits));
        ChooseExperts(logits, route);
        ScaleByScore(x, route, scaled);
    }

    /// <summary>y += down(silu(gate(x)) · up(x)). x, y [T,D]; gated and raised [T,F] are memory for the products.</summary>
    public virtual void SwiGlu(Tensor x, Weight gate, Weight up, Weight down, Tensor gated, Tensor raised, Tensor y)
    {
        MatMul(x, new(gate, gated), new(up, raised));
        SiluMul(gated, raised, gated);
        MatMul(gated, new Projection(down, y, Add: true));
    }

    /// <summary>
    /// y[t] += Σ_i down(silu(gate(x[t·k + i])) · up(x[t·k + i])) of the expert of choice i. x [T·k,D], y [T,D];
    /// the outputs of gate, up [T·k,F] and down [T·k,D] are memory for the products.
    /// </summary>
    public virtual void ExpertSwiGlu(Tensor x, Route route, ExpertProjection gate, ExpertProjection up, ExpertProjection down, Tensor y)
    {
        ExpertMatMul(x, route, gate, up);
        SiluMul(gate.Output, up.Output, gate.Output);
        ExpertMatMul(gate.Output, route, down);
        AddExperts(down.Output, y);
    }

    /// <summary>Whether <see cref="Draw"/> takes less time than reading the rows.</summary>
    public virtual bool DrawsFast => false;

    /// <summary>
    /// chosen[r] = the column of row r that its rule draws, −1 where a number of the row is not finite. x [R,V], rules I32 [R,6]: a
    /// <see cref="DrawRule"/> in each row, chosen I32 [1,R].
    /// </summary>
    public virtual void Draw(Tensor x, Tensor rules, Tensor chosen)
    {
        Check.Input(x, x.Rows, x.Columns);
        Check.Input(rules, x.Rows, DrawRule.Words, Encoding.I32);
        Check.Output(chosen, 1, x.Rows, Encoding.I32);
        float[] row = ArrayPool<float>.Shared.Rent(x.Columns);
        for (int r = 0; r < x.Rows; r++)
        {
            DrawRule rule = default;
            Download(x.RowRange(r, 1), row.AsSpan(0, x.Columns));
            Download(rules.RowRange(r, 1), new Span<DrawRule>(ref rule));
            int column = rule.Draw(row.AsSpan(0, x.Columns));
            Upload(new ReadOnlySpan<int>(ref column), chosen.ColumnRange(r, 1));
        }
        ArrayPool<float>.Shared.Return(row);
    }

    /// <summary>Root mean square norm of each head by itself, without a weight.</summary>
    void HeadNorm(Tensor x, int headDim, float eps)
    {
        Tensor heads = x.As(checked(x.Rows * (x.Columns / headDim)), headDim);
        RmsNorm(heads, null, eps, heads);
    }

    /// <summary>Also frees what was allocated and not disposed.</summary>
    public abstract void Dispose();
}
