using System.Runtime.CompilerServices;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc/>
    /// <remarks>
    /// Eight rows at a time, 256 numbers of each, become columns: the same bytes in another order, read as one stream and without adding up
    /// across a register. Only for inputs as bytes. Signed bytes stay as they are, since without unpacking rows run at the memory's speed;
    /// so do formats without columns, and sizes that do not divide.
    /// </remarks>
    public override Weight? TryRepack(Weight weight)
    {
        Tensor values = weight.Values;
        if (options.Activations != ActivationPrecision.Int8 || weight.InputMajor || weight.Repacked || !values.IsContiguous
            || values.Rows % Interleaved.Rows != 0 || values.Columns % Unpacking.Length != 0) return null;
        Check.Inside(values, nameof(weight));
        return FormatSwitch.Call<RepackAction, Weight?>(values.Encoding, new RepackAction(this, weight));
    }

    readonly struct RepackAction(CpuDevice device, Weight weight) : IFormatAction<Weight?>
    {
        public Weight? Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => null;

        public Weight? Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged
        {
            if (!TFormat.HasColumns) return null;
            Tensor source = weight.Values, target = device.Allocate(source.Rows, source.Columns, source.Encoding);
            device.team.For(
                new RepackWork<TFormat, TBlock>((byte*)source.Address, (byte*)target.Address, source.RowBytes, source.Columns / Unpacking.Length),
                source.Rows / Interleaved.Rows);
            return weight with { Values = target, Repacked = true };
        }
    }

    /// <summary>One item: eight rows.</summary>
    readonly struct RepackWork<TFormat, TBlock>(byte* source, byte* target, long rowBytes, int units) : IWork
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            int unitBytes = Interleaved.UnitBytes<TFormat, TBlock>();
            byte* from = source + item * Interleaved.Rows * rowBytes, to = target + item * Interleaved.Rows * rowBytes;
            for (int unit = 0; unit < units; unit++)
                TFormat.ToColumns((TBlock*)(from + unit * (unitBytes / Interleaved.Rows)), rowBytes, (int*)(to + unit * unitBytes));
        }
    }
}
