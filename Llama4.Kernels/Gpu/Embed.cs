using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void Embed(Tensor rows, Tensor table, Tensor y)
    {
        Check.Input(rows, 1, y.Rows, Encoding.I32);
        if (table.Columns != y.Columns) throw new ArgumentException($"Embed: table has {table.Columns} columns, y has {y.Columns}", nameof(table));
        Check.Inside(table);
        Check.Output(y, y.Rows, y.Columns);
        FormatSwitch.Call(table.Encoding, new EmbedCall(this, rows, table, y));
    }

    readonly struct EmbedCall(GpuDevice device, Tensor rows, Tensor table, Tensor y) : IAnyFormatAction
    {
        public void Run<TFormat, TBlock>()
            where TFormat : struct, IFormat<TBlock>
            where TBlock : unmanaged
        {
            device.ForNumbers(y.Count, new EmbedKernel<TFormat, TBlock>(
                rows.Address, table.Address, table.Rows, table.RowBytes, table.Encoding.BlockBytes(), y.Address, y.Columns, y.Count));
        }
    }

    /// <summary>A thread for each number. A row that the table does not have is NaN.</summary>
    internal readonly struct EmbedKernel<TFormat, TBlock>(
        long rows, long table, int tableRows, long rowBytes, int blockBytes, long y, int columns, long count) : IKernel
        where TFormat : struct, IFormat<TBlock>
        where TBlock : unmanaged
    {
        public void Run()
        {
            long i = GroupWork.Thread;
            if (i >= count) return;
            int row = Memory.Int(rows + i / columns * 4), column = (int)(i % columns);
            float value = float.NaN;
            if (row >= 0 && row < tableRows)
                value = TFormat.Decode(in Memory.At<TBlock>(table + row * rowBytes + column / TFormat.Length * (long)blockBytes), column % TFormat.Length);
            Memory.Store(y + i * 4, value);
        }
    }
}
