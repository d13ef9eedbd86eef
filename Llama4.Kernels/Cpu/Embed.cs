using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void Embed(Tensor rows, Tensor table, Tensor y)
    {
        Check.Input(rows, 1, y.Rows, Encoding.I32);
        if (table.Columns != y.Columns) throw new ArgumentException($"Embed: table has {table.Columns} columns, y has {y.Columns}", nameof(table));
        Check.Inside(table);
        Check.Output(y, y.Rows, y.Columns);
        Check.Rows(new ReadOnlySpan<int>((void*)rows.Address, y.Rows), table.Rows, nameof(rows));
        var work = new EmbedWork((int*)rows.Address, (byte*)table.Address, table.RowBytes, table.Encoding, (float*)y.Address, y.Columns);
        team.For(work, y.Rows, alone: y.Count < SmallWork);
    }

    readonly struct EmbedWork(int* rows, byte* table, long rowBytes, Encoding encoding, float* y, int columns) : IWork
    {
        public void Run(int item, int worker) => FormatCodec.Decode(
            encoding,
            new ReadOnlySpan<byte>(table + rows[item] * rowBytes, (int)encoding.RowBytes(columns)),
            new Span<float>(y + (long)item * columns, columns));
    }
}
