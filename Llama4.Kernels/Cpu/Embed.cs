using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void Embed(Tensor rows, Tensor table, Tensor y)
    {
        Check.Input(rows, 1, y.Rows, Encoding.I32);
        Check.Input(table, table.Rows, y.Columns, table.Encoding);
        Check.Output(y, y.Rows, y.Columns);
        Check.Rows(new ReadOnlySpan<int>((void*)rows.Address, y.Rows), table.Rows, nameof(rows));
        for (int t = 0; t < y.Rows; t++) DecodeRow(table, ((int*)rows.Address)[t], (float*)y.Address + (long)t * y.Columns);
    }

    static void DecodeRow(in Tensor matrix, int row, float* target) =>
        FormatCodec.Decode(
            matrix.Encoding,
            new ReadOnlySpan<byte>((byte*)matrix.Address + row * matrix.RowBytes, (int)matrix.Encoding.RowBytes(matrix.Columns)),
            new Span<float>(target, matrix.Columns));
}
