namespace Llama4.Kernels;

/// <summary>The matrix W of a linear layer y = x Wᵀ, as its file stores it.</summary>
/// <param name="Values">
/// [outputs, inputs], or [inputs, outputs] when <paramref name="InputMajor"/>. Input-major values are F32, F16, BF16 or F8E4M3.
/// </param>
/// <param name="Scales">One factor per output, F32 [1, outputs]: W[o] = Scales[o] · Values[o]. Absent: 1.</param>
/// <param name="InputMajor">Whether a row of <paramref name="Values"/> belongs to an input instead of an output.</param>
/// <param name="Repacked">Whether the rows of <paramref name="Values"/> are laid out as <see cref="Device.TryRepack"/> does it, for that device alone.</param>
public sealed record Weight(Tensor Values, Tensor? Scales = null, bool InputMajor = false, bool Repacked = false)
{
    public int Inputs => InputMajor ? Values.Rows : Values.Columns;

    public int Outputs => InputMajor ? Values.Columns : Values.Rows;

    public Encoding Encoding => Values.Encoding;

    /// <summary>Bytes that one use of the whole matrix reads.</summary>
    public long Bytes => Values.Rows * Values.Encoding.RowBytes(Values.Columns) + (Scales?.Bytes ?? 0);
}

/// <summary>One product y = x Wᵀ + bias of several that share their input x.</summary>
/// <param name="Weight">W.</param>
/// <param name="Output">y, F32 [rows, outputs].</param>
/// <param name="Add">y += instead of y =.</param>
/// <param name="Bias">F32 [1, outputs], or absent.</param>
public readonly record struct Projection(Weight Weight, Tensor Output, bool Add = false, Tensor? Bias = null);

/// <summary>One product over a set of experts that share their input rows: y[i] = x[i] W(expert of i)ᵀ.</summary>
/// <param name="Experts">One matrix per expert, all of one shape and encoding.</param>
/// <param name="Output">y, F32 [rows · experts per row, outputs].</param>
public readonly record struct ExpertProjection(IReadOnlyList<Weight> Experts, Tensor Output);
