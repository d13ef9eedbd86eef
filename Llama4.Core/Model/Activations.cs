using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>The memory of a step between its operations, allocated once for the largest step; a step uses the first rows of each.</summary>
sealed class Activations : IDisposable
{
    readonly Device device;
    readonly List<Kernels.Buffer> buffers = [];
    readonly Tensor x, normed, q, k, v, heads, rotary, gate, up, last, logits;
    readonly Tensor routerLogits, experts, scores, scaled, expertGate, expertUp, expertOut;
    readonly int expertsPerRow;

    public Activations(Device device, TextConfig c, int maxRows, int maxLogitRows)
    {
        this.device = device;
        int dense = Math.Max(c.DenseWidth, c.ExpertWidth);
        x = New(maxRows, c.Width);
        normed = New(maxRows, c.Width);
        q = New(maxRows, c.Heads * c.HeadDim);
        k = New(maxRows, c.KvHeads * c.HeadDim);
        v = New(maxRows, c.KvHeads * c.HeadDim);
        heads = New(maxRows, c.Heads * c.HeadDim);
        rotary = New(maxRows, c.HeadDim);
        gate = New(maxRows, dense);
        up = New(maxRows, dense);
        last = New(maxLogitRows, c.Width);
        logits = New(maxLogitRows, c.Vocabulary);

        if (c.Experts == 0) return;
        expertsPerRow = c.ExpertsPerToken;
        int routed = checked(maxRows * expertsPerRow);
        routerLogits = New(maxRows, c.Experts);
        experts = New(maxRows, expertsPerRow, Encoding.I32);
        scores = New(maxRows, expertsPerRow);
        scaled = New(routed, c.Width);
        expertGate = New(routed, c.ExpertWidth);
        expertUp = New(routed, c.ExpertWidth);
        expertOut = New(routed, c.Width);
    }

    /// <summary>Bytes that a step of these sizes takes.</summary>
    public static long Bytes(TextConfig c, int maxRows, int maxLogitRows)
    {
        long heads = (long)c.Heads * c.HeadDim, keys = (long)c.KvHeads * c.HeadDim;
        long row = 2L * c.Width + 2 * heads + 2 * keys + c.HeadDim + 2L * Math.Max(c.DenseWidth, c.ExpertWidth);
        if (c.Experts > 0) row += c.Experts + c.ExpertsPerToken * (2 + 2L * c.Width + 2L * c.ExpertWidth);
        return sizeof(float) * (maxRows * row + maxLogitRows * ((long)c.Width + c.Vocabulary));
    }

    /// <summary>T rows of a step.</summary>
    public int Rows { get; set; }

    /// <summary>R rows whose logits are wanted.</summary>
    public int LogitRows { get; set; }

    public Tensor X => x.RowRange(0, Rows);                 // [T,D]  the residual stream
    public Tensor Normed => normed.RowRange(0, Rows);       // [T,D]
    public Tensor Q => q.RowRange(0, Rows);                 // [T,H·N]
    public Tensor K => k.RowRange(0, Rows);                 // [T,K·N]
    public Tensor V => v.RowRange(0, Rows);                 // [T,K·N]
    public Tensor Heads => heads.RowRange(0, Rows);         // [T,H·N]
    public Tensor Rotary => rotary.RowRange(0, Rows);       // [T,N]  cos, sin
    public Tensor Last => last.RowRange(0, LogitRows);      // [R,D]
    public Tensor Logits => logits.RowRange(0, LogitRows);  // [R,V]

    public Tensor RouterLogits => routerLogits.RowRange(0, Rows);                               // [T,E]
    public Route Route => new(experts.RowRange(0, Rows), scores.RowRange(0, Rows));             // [T,k]
    public Tensor Scaled => scaled.RowRange(0, Rows * expertsPerRow);                           // [T·k,D]
    public Tensor ExpertGate => expertGate.RowRange(0, Rows * expertsPerRow);                   // [T·k,F]
    public Tensor ExpertUp => expertUp.RowRange(0, Rows * expertsPerRow);                       // [T·k,F]
    public Tensor ExpertOut => expertOut.RowRange(0, Rows * expertsPerRow);                     // [T·k,D]

    /// <summary>Gate and up activations of a dense feed-forward of this width; wider and narrower layers share the memory.</summary>
    public (Tensor Gate, Tensor Up) FeedForward(int width) => (Narrow(gate, width), Narrow(up, width));

    public void Dispose()
    {
        foreach (Kernels.Buffer buffer in buffers) buffer.Dispose();
    }

    Tensor Narrow(Tensor memory, int width) => new(memory.Buffer, 0, Rows, width, Encoding.F32);

    Tensor New(int rows, int columns, Encoding encoding = Encoding.F32)
    {
        Tensor tensor = device.Allocate(rows, columns, encoding);
        buffers.Add(tensor.Buffer);
        return tensor;
    }
}
