using System.Runtime.CompilerServices;

namespace Llama4.Kernels;

/// <summary>Argument checks of the operations: a kernel works on raw memory and relies on them.</summary>
static class Check
{
    /// <summary>A contiguous tensor of this shape and encoding that lies inside its buffer.</summary>
    public static void Input(
        in Tensor tensor, int rows, int columns, Encoding encoding = Encoding.F32,
        [CallerArgumentExpression(nameof(tensor))] string name = "", [CallerMemberName] string operation = "")
    {
        if (tensor.Rows != rows || tensor.Columns != columns || tensor.Encoding != encoding || !tensor.IsContiguous)
        {
            string layout = tensor.IsContiguous ? "contiguous" : $"rows {tensor.RowBytes} bytes apart";
            throw new ArgumentException(
                $"{operation}: {name} is {tensor.Rows}×{tensor.Columns} {tensor.Encoding}, {layout}; expected {rows}×{columns} {encoding}, contiguous", name);
        }
        Inside(tensor, name, operation);
    }

    /// <summary>As <see cref="Input"/>, and in memory that can be written.</summary>
    public static void Output(
        in Tensor tensor, int rows, int columns, Encoding encoding = Encoding.F32,
        [CallerArgumentExpression(nameof(tensor))] string name = "", [CallerMemberName] string operation = "")
    {
        Input(tensor, rows, columns, encoding, name, operation);
        Writable(tensor, name, operation);
    }

    /// <summary>The tensor lies inside its buffer.</summary>
    public static void Inside(
        in Tensor tensor,
        [CallerArgumentExpression(nameof(tensor))] string name = "", [CallerMemberName] string operation = "")
    {
        if (tensor.Rows < 0 || tensor.Columns < 0 || tensor.Offset < 0 || tensor.Bytes > tensor.Buffer.Bytes - tensor.Offset)
            throw new ArgumentException(
                $"{operation}: {name} takes bytes {tensor.Offset} to {tensor.Offset + tensor.Bytes} of a buffer of {tensor.Buffer.Bytes}", name);
    }

    public static void Writable(
        in Tensor tensor,
        [CallerArgumentExpression(nameof(tensor))] string name = "", [CallerMemberName] string operation = "")
    {
        if (tensor.Buffer is MappedFile file)
            throw new ArgumentException($"{operation}: {name} lies in {file.Path}, which is mapped for reading only", name);
    }

    /// <summary>Every index is a row number below <paramref name="limit"/>.</summary>
    public static void Rows(
        ReadOnlySpan<int> indices, int limit,
        [CallerArgumentExpression(nameof(indices))] string name = "", [CallerMemberName] string operation = "")
    {
        foreach (int index in indices)
            if ((uint)index >= (uint)limit)
                throw new ArgumentOutOfRangeException(name, index, $"{operation}: expected 0 to {limit - 1}");
    }

    /// <summary>y = x Wᵀ + bias.</summary>
    public static void Product(in Tensor x, Weight weight, in Tensor output, Tensor? bias, string operation)
    {
        if (weight.Inputs != x.Columns) throw new ArgumentException($"{operation}: W has {weight.Inputs} inputs, x has {x.Columns} columns", nameof(weight));
        Inside(weight.Values, nameof(weight), operation);
        Output(output, x.Rows, weight.Outputs, operation: operation);
        if (weight.Scales is Tensor scales) Input(scales, 1, weight.Outputs, operation: operation);
        if (bias is Tensor b) Input(b, 1, weight.Outputs, name: nameof(bias), operation: operation);
    }

    /// <summary>What is known without looking at the data: shapes, page and layer sizes, the encoding of the entries.</summary>
    public static void Cache(StepRows rows, int count, KvPages pages, KvLayer layer, string operation)
    {
        Input(rows.Positions, 1, count, Encoding.I32, operation: operation);
        Input(rows.Sequences, 1, count, Encoding.I32, operation: operation);
        Input(pages.Table, pages.Table.Rows, pages.Table.Columns, Encoding.I64, operation: operation);
        if (pages.PageRows < 1 || pages.Window < 0)
            throw new ArgumentException($"{operation}: pages of {pages.PageRows} rows, window {pages.Window}", nameof(pages));
        if (layer.Heads < 1 || layer.HeadDim < 1 || layer.KeyOffset < 0 || layer.ValueOffset < 0)
            throw new ArgumentException($"{operation}: {layer}", nameof(layer));
        if (layer.Encoding is not (Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.Q8_0) || layer.HeadDim % layer.Encoding.BlockLength() != 0)
            throw new ArgumentException(
                $"{operation}: cache entries {layer.Encoding} with heads of {layer.HeadDim}; expected F32, F16, BF16, or Q8_0 with a multiple of 32", nameof(layer));
    }
}
